"""The VampPrior: its density by hand, where it starts, and any posterior under it (and under exemplars)."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.priors import Exemplar, Vamp
from tests.components import POSTERIORS
from tests.helpers import assert_mean, check_in_model, init, keys, tiny_vae
from tests.sizes import DATA_SHAPE, LATENT_DIM

EXAMPLES = np.random.default_rng(0).uniform(size=(40, *DATA_SHAPE)).astype(np.float32)


def has_density(build: Callable[[], Any]) -> bool:
    """Whether a posterior has a density, and can be asked for log q(z|x) at a z that it did not draw."""
    model = tiny_vae(posterior=build())
    if model.posterior.space.is_of_points:
        return False
    outputs = jnp.zeros(model.posterior.parameter_shape(model))
    params = {"posterior": model.posterior.init(jax.random.key(0), model)}
    try:
        model.posterior.distribution(model, params, outputs).log_prob(jnp.ones(LATENT_DIM) / np.sqrt(LATENT_DIM))
    except NotImplementedError:
        return False
    return True


DENSE = {name: build for name, build in POSTERIORS.items() if has_density(build)}


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize("posterior", DENSE.values(), ids=DENSE)
def test_over_every_posterior_with_a_density(posterior: Callable[[], Any]) -> None:
    """In full for the VampPrior; exemplars, which mix posteriors by the same code, give an ELBO of the right shape."""
    check_in_model(lambda: tiny_vae(posterior=posterior(), prior=Vamp(num_components=4)))
    model = tiny_vae(posterior=posterior(), prior=Exemplar(num_exemplars=4))

    def elbo(key: jax.Array, x: jax.Array) -> jax.Array:
        params = model.init(key, jnp.asarray(EXAMPLES))
        return jv.elbo(model, params, jax.random.fold_in(key, 1), x).value

    assert jax.eval_shape(elbo, jax.random.key(0), EXAMPLES[0]).shape == ()


@pytest.mark.parametrize("learned_weights", [False, True])
def test_the_density_is_the_mean_of_the_encoder_s_densities(learned_weights: bool) -> None:
    model = tiny_vae(prior=Vamp(num_components=6, learned_weights=learned_weights))
    params = dict(init(model, jax.random.key(0), EXAMPLES))
    weights = np.full(6, 1 / 6)
    if learned_weights:
        params["prior"] = {**params["prior"], "logits": jnp.log(jnp.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))}
        weights = np.arange(1, 7) / 21
    prior, z = model.prior.distribution(model, params), jnp.array([0.4, -0.7])
    each = [jv.encode(model, params, u).log_prob(z) for u in params["prior"]["pseudo_inputs"]]
    np.testing.assert_allclose(prior.log_prob(z), np.log(weights @ np.exp(each)), rtol=1e-5)
    assert np.std(each) > 0.01
    np.testing.assert_array_equal(model.prior.given(model, params, EXAMPLES[0]).log_prob(z), prior.log_prob(z))


def test_draws_are_of_random_components() -> None:
    """Draws of the prior have the moments of the pooled posteriors, 4 numbers within 6 standard errors."""
    model = tiny_vae(prior=Vamp(num_components=6))
    params = init(model, jax.random.key(0), 5 * EXAMPLES)
    z = jax.jit(jax.vmap(lambda key: model.sample_prior(params, key)))(keys(1, 20_000))
    q = jax.vmap(model.encode, (None, 0))(params, params["prior"]["pseudo_inputs"])
    loc, scale = np.asarray(q.mean, np.float64), np.asarray(q.scale, np.float64)  # type: ignore[attr-defined]
    assert_mean(z, loc.mean(0), standard_errors=6)
    assert_mean(np.asarray(z) ** 2, (loc**2 + scale**2).mean(0), standard_errors=6)
    assert np.all(loc.std(0) > 0.5), "the components agree: this is no test"


def rows(values: Any) -> list[bytes]:
    return [np.asarray(value).tobytes() for value in values]


@pytest.mark.parametrize(("count", "most"), [(15, 1), (40, 1), (90, 3)])
def test_pseudo_inputs_start_at_random_examples_evenly(count: int, most: int) -> None:
    model = tiny_vae(prior=Vamp(num_components=count))
    starts = [rows(jv.init(model, jax.random.key(seed), EXAMPLES)["prior"]["pseudo_inputs"]) for seed in (0, 1)]
    for start in starts:
        assert len(start) == count
        assert set(start) <= set(rows(EXAMPLES))
        assert max(start.count(one) for one in start) == most
        assert len(set(start)) == min(count, 40)
        assert start != rows(np.resize(EXAMPLES, (count, *DATA_SHAPE))), "these are the first ones"
    assert starts[0] != starts[1]


def test_noise_has_the_mean_and_deviation_of_the_examples() -> None:
    """12 pixels by 2 statistics within 6 standard errors; without examples a standard normal."""
    model = tiny_vae(prior=Vamp(num_components=5000, start="noise"))
    for examples, mean, deviation in ((EXAMPLES, EXAMPLES.mean(0), EXAMPLES.std(0)), (None, 0.0, 1.0)):
        noise = jv.init(model, jax.random.key(1), examples)["prior"]["pseudo_inputs"]
        standard = (np.asarray(noise, np.float64) - mean) / deviation
        assert_mean(standard, np.zeros(DATA_SHAPE), standard_errors=6)
        assert_mean(standard**2, np.ones(DATA_SHAPE), standard_errors=6)
    start = tiny_vae(prior=Vamp(num_components=5))
    assert jv.init(start, jax.random.key(1))["prior"]["pseudo_inputs"].shape == (5, *DATA_SHAPE)


@pytest.mark.usefixtures("fast_forms")
@pytest.mark.parametrize("prior", [Vamp(num_components=6), Exemplar(num_exemplars=6)], ids=["Vamp", "Exemplar"])
def test_a_batch_encodes_the_pseudo_inputs_once(prior: jv.priors.Prior) -> None:
    """The encoder's matrix product has 6 rows (pseudo-inputs) and 5 (the batch), never 30."""
    model = tiny_vae(prior=prior)
    params = init(model, jax.random.key(0), EXAMPLES)
    batch = jax.vmap(lambda key, x: model.draw(params, key, x))
    jaxpr = str(jax.make_jaxpr(batch)(keys(1, 5), EXAMPLES[:5]))
    products = {line.split(":", 1)[1].split()[0] for line in jaxpr.splitlines() if "row_products" in line}
    assert {"f32[6,4]", "f32[5,4]"} <= products
    assert not any(shape.startswith(("f32[30,", "f32[6,5,", "f32[5,6,")) for shape in products)


@pytest.mark.parametrize("fields", [{"num_components": 0}, {"start": "example"}], ids=str)
def test_a_bad_field_is_named(fields: dict[str, Any]) -> None:
    with pytest.raises(jv.UserError, match=rf"^Vamp\.{next(iter(fields))} must be"):
        Vamp(**fields)
