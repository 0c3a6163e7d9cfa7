"""The temperature of relaxed posteriors: by step in training, the schedule's end elsewhere."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae import posteriors, priors
from jaxvae.data import Preprocessing
from jaxvae.posteriors import BinaryConcrete, Concrete, Geometric
from jaxvae.training import Training
from tests.helpers import init, tiny_vae

FITTING = {
    Concrete: priors.UniformConcrete(2),
    BinaryConcrete: priors.UniformBinaryConcrete(),
    posteriors.WithNoise: priors.WithNoise(priors.UniformBinaryConcrete()),
}
SCHEDULE = Geometric(start=2.0, end=0.5, steps=8)


def test_geometric() -> None:
    """Equal ratios from start to end, then the end: log T is linear."""
    steps = np.array([0, 1, 2, 7, 8, 9, 1000])
    expected = np.exp(np.interp(steps, [0, 8], np.log([2.0, 0.5])))
    np.testing.assert_allclose([SCHEDULE(jnp.asarray(step)) for step in steps], expected, rtol=1e-6)
    np.testing.assert_allclose(jax.jit(jax.vmap(SCHEDULE))(jnp.asarray(steps)), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "posterior",
    [
        Concrete(2, Geometric(2.0, 0.5)),
        BinaryConcrete(Geometric(2.0, 0.5)),
        posteriors.WithNoise(BinaryConcrete(Geometric(2.0, 0.5))),
    ],
)
def test_by_default_the_temperature_falls_over_half_of_the_run(posterior: Any) -> None:
    model = jv.VAE((2,), 4, posterior=posterior, prior=FITTING[type(posterior)])
    training = Training(model, Preprocessing(), batch_size=10, epochs=4).for_examples(100)
    resolved = training.model.posterior
    inner = getattr(resolved, "posterior", resolved)
    assert inner.temperature.steps == 20
    assert training.for_examples(100) is training
    with pytest.raises(jv.UserError, match=r"Geometric.steps must be a number outside of a run, got None"):
        model.at_step(jnp.asarray(3))


@pytest.mark.parametrize("posterior", [Concrete(num_classes=2, temperature=SCHEDULE), BinaryConcrete(SCHEDULE)])
def test_a_model_at_a_step_has_the_temperature_of_that_step(posterior: Any) -> None:
    model = tiny_vae(posterior=posterior)
    params, x = init(model, jax.random.key(0)), jnp.ones(model.data_shape)

    @jax.jit
    def temperatures(model: jv.VAE, step: jax.Array) -> Any:
        return jv.encode(model.at_step(step), params, x).temperature, jv.encode(model, params, x).temperature  # type: ignore[attr-defined]

    now, ended = temperatures(model, jnp.asarray(4))
    np.testing.assert_allclose(now, np.full(now.shape, 1.0), rtol=1e-6)
    np.testing.assert_allclose(ended, np.full(ended.shape, 0.5), rtol=1e-6)


def test_numbers_are_leaves_so_another_temperature_is_the_same_program() -> None:
    assert jax.tree.leaves(Concrete(temperature=SCHEDULE)) == [2.0, 0.5]
    assert jax.tree.structure(Concrete(temperature=2)) == jax.tree.structure(Concrete(temperature=0.1))
    assert jax.tree.structure(Concrete(temperature=SCHEDULE)) == jax.tree.structure(
        Concrete(temperature=Geometric(start=9, end=3, steps=8))
    )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Concrete(temperature=0), "Concrete.temperature must be > 0, got 0.0"),
        (lambda: BinaryConcrete(temperature=-1), "BinaryConcrete.temperature must be > 0, got -1.0"),
        (lambda: jv.priors.UniformConcrete(temperature=0), "UniformConcrete.temperature must be > 0, got 0.0"),
        (lambda: jv.priors.UniformBinaryConcrete(0), "UniformBinaryConcrete.temperature must be > 0, got 0.0"),
        (lambda: Concrete(num_classes=1), "Concrete.num_classes must be >= 2, got 1"),
        (lambda: jv.posteriors.Categorical(1), "Categorical.num_classes must be >= 2, got 1"),
        (lambda: jv.priors.UniformCategorical(0), "UniformCategorical.num_classes must be >= 2, got 0"),
        (lambda: Geometric(end=0), "Geometric.end must be > 0, got 0.0"),
        (lambda: Geometric(steps=0), "Geometric.steps must be >= 1, got 0"),
        (
            lambda: tiny_vae(posterior=Concrete(3), prior=jv.priors.UniformConcrete(3)),
            "`latent_dim` must be a multiple of Concrete.num_classes, 3, got 2: take 3, or another num_classes",
        ),
        (
            lambda: jv.VAE((2,), posterior=Concrete(3), prior=jv.priors.UniformConcrete(4)),
            "the posterior and the prior must share one space, got Concrete over log-probabilities[3] and "
            "UniformConcrete over log-probabilities[4]: give both the same numbers",
        ),
        (
            lambda: jv.VAE((2,), posterior=Concrete(straight_through=True), prior=jv.priors.UniformConcrete()),
            "the posterior and the prior must share one space, got Concrete over one-hot vectors[4] and "
            "UniformConcrete over log-probabilities[4]: with this posterior use `prior=Exemplar()` or "
            "`prior=UniformCategorical()` or `prior=Vamp()`, with this prior use `posterior=Concrete()`",
        ),
    ],
)
def test_bad_numbers_are_named(build: Any, message: str) -> None:
    with pytest.raises(jv.UserError) as error:
        build()
    assert str(error.value) == message
