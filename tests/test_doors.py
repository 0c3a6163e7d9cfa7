"""A model that is put together wrongly says so in one line: the field, what was expected and what came."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.data import Preprocessing
from jaxvae.networks import MLP, Network
from jaxvae.objectives import ELBO, BetaTCVAE
from jaxvae.pytrees import dataclass
from jaxvae.training import Training
from jaxvae.training.epoch import validate
from jaxvae.training.state import create_state
from tests.helpers import binary_batch, init, tiny_vae


@dataclass
class Short(Network):
    """A network that puts out one number too few."""

    def init(self, key: Any, x: Any, output_shape: Any) -> Any:
        """No parameters."""
        del key, x, output_shape
        return {}

    def apply(self, params: Any, x: Any, output_shape: Any) -> Any:
        """Zeros, one fewer than `output_shape` asks for."""
        del params, x
        return jnp.zeros((*output_shape[:-1], output_shape[-1] - 1))


@dataclass
class OfPixels(jv.likelihoods.Bernoulli):
    """A likelihood that takes each pixel for an event of its own."""

    def distribution(self, model: Any, params: Any, outputs: Any) -> Any:
        """p(x|z) with no event axes."""
        del model, params
        return jv.distributions.Bernoulli(outputs, event_ndim=0)


@dataclass
class Unwatched(ELBO):
    """An objective that monitors what it does not report."""

    monitor = "accuracy"


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: jv.VAE((4,), "8"), "VAE.latent_dim must be a number, got '8'"),  # type: ignore[arg-type]
        (lambda: jv.VAE((4,), 2.0), "VAE.latent_dim must be a whole number, got 2.0"),  # type: ignore[arg-type]
        (lambda: jv.VAE(64), r"VAE.data_shape must be a tuple, got 64: write \(64,\)"),  # type: ignore[arg-type]
        (lambda: jv.VAE((8, 0)), r"VAE.data_shape must be a tuple of whole numbers >= 1, got \(8, 0\)"),
        (lambda: jv.VAE((4,), encoder=MLP), r"VAE.encoder must be an object, got the class MLP: write MLP\(\)"),  # type: ignore[arg-type]
        (lambda: jv.VAE((4,), decoder=jnp.tanh), "VAE.decoder must be a network with init"),  # type: ignore[arg-type]
        (
            lambda: jv.VAE((4,), encoder=jv.priors.StandardNormal()),
            "VAE.encoder must be a network with init.* got Stan",
        ),  # type: ignore[arg-type]
    ],
)
def test_what_a_model_cannot_be_made_of(build: Any, words: str) -> None:
    with pytest.raises(jv.UserError, match=words) as error:
        build()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("swap", "words"),
    [
        ({"encoder": Short()}, r"VAE.encoder must put out an array of shape \(2, 2\), got \(2, 1\)"),
        ({"decoder": Short()}, r"VAE.decoder must put out an array of shape \(4, 3, 1\), got \(4, 3, 0\)"),
        (
            {"likelihood": OfPixels()},
            r"a likelihood must be one number, got shape \(4, 3, 1\) from Bernoulli",
        ),
    ],
)
def test_components_of_other_shapes(swap: Any, words: str) -> None:
    model = tiny_vae(**swap)
    with pytest.raises((jv.UserError, ValueError), match=words) as error:
        jax.eval_shape(
            lambda x: jv.elbo(model, jv.init(model, jax.random.key(0)), jax.random.key(1), x), binary_batch()[0]
        )
    assert "\n" not in str(error.value)


def test_parameters_of_another_model() -> None:
    model, x = tiny_vae(), binary_batch()[0]
    for other in (tiny_vae(encoder=MLP((7,))), tiny_vae(decoder=MLP((7,)))):
        with pytest.raises(
            jv.UserError, match=r"params must be those of this model, got others for its .*coder, a MLP"
        ) as e:
            jv.elbo(model, init(other, jax.random.key(0)), jax.random.key(1), x)
        assert "\n" not in str(e.value)
    with pytest.raises(jv.UserError, match="params must be those of this model"):
        jv.elbo(model, {}, jax.random.key(1), x)


def test_an_objective_that_monitors_what_it_does_not_report() -> None:
    training = Training(tiny_vae(), Preprocessing(), objective=Unwatched(), batch_size=3, epochs=1)
    state = create_state(training, jax.random.key(0), None, 5)
    with pytest.raises(
        jv.UserError, match=r"Unwatched.monitor must name a figure .*elbo, kl, log_likelihood.* got 'accuracy'"
    ):
        validate(training, state, binary_batch())


def test_a_requirement_names_ways_out_though_a_candidate_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of a candidate is no error of the message."""

    def fails(self: Any, *arguments: Any) -> Any:
        raise IndexError("a candidate of its own")

    monkeypatch.setattr(jv.posteriors.FullNormal, "distribution", fails)
    model = tiny_vae(posterior=jv.posteriors.LowRankNormal())
    params, objective = jax.eval_shape(lambda: jv.init(model, jax.random.key(0))), BetaTCVAE(dataset_size=9)
    keys = jax.random.split(jax.random.key(1), 5)
    with pytest.raises(jv.UserError, match="BetaTCVAE needs a posterior with independent dimensions"):
        jax.eval_shape(
            lambda params: objective.loss(model, params, keys, binary_batch(), np.ones(5, bool), jnp.asarray(0)), params
        )


PRIORS_WITH_PARAMETERS = ("Vamp", "NormalMixture", "LearnedNormal", "Flow", "Exemplar", "Autoregressive", "LARS")


@pytest.mark.parametrize("name", PRIORS_WITH_PARAMETERS)
def test_parameters_of_a_model_with_another_prior(name: str) -> None:
    params = init(jv.VAE((3,), 2, MLP((4,)), MLP((4,))), jax.random.key(0))
    other = jv.VAE((3,), 2, MLP((4,)), MLP((4,)), prior=getattr(jv.priors, name)())
    words = f"params must be those of this model, got others for its prior, a {name}: take them from jaxvae.init"
    with pytest.raises(jv.UserError, match=words):
        jv.elbo(other, params, jax.random.key(1), jnp.ones(3))
    with pytest.raises(jv.UserError, match=words):
        jv.sample(other, params, jax.random.key(1))


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda model, params: jv.elbo(model, None, jax.random.key(0), jnp.ones(3)), "of jaxvae.init, got NoneType"),
        (
            lambda model, params: jv.log_marginal(model, params, jax.random.key(0), jnp.ones(3), num_samples="5"),
            "log_marginal.num_samples must be a whole number >= 1, got '5'",
        ),
        (
            lambda model, params: jv.log_marginal(model, params, jax.random.key(0), jnp.ones(3), num_samples=2.5),
            "log_marginal.num_samples must be a whole number >= 1, got 2.5",
        ),
        (lambda model, params: ELBO(beta="1"), "ELBO.beta must be a number, got '1': write it without quotes"),
        (lambda model, params: jv.priors.NormalMixture("3"), "NormalMixture.num_components must be a number, got '3'"),
        (lambda model, params: jv.VAE((2**40,)), "VAE.data_shape must have at most 2147483647 numbers"),
        (lambda model, params: MLP(64), r"MLP.features must be a tuple, got 64: write \(64,\)"),
        (
            lambda model, params: jv.elbo(model, params, jax.random.key(0), jnp.full(3, jnp.nan)),
            "x must hold values of {0, 1} under Bernoulli, got 3 NaN",
        ),
    ],
)
def test_values_of_a_wrong_kind(build: Any, words: str) -> None:
    model = jv.VAE((3,), 2, MLP((4,)), MLP((4,)))
    with pytest.raises(jv.UserError, match=words):
        build(model, init(model, jax.random.key(0)))


@pytest.mark.slow
@pytest.mark.parametrize("call", [jv.elbo, jv.log_marginal])
@pytest.mark.parametrize(
    ("likelihood", "x", "words"),
    [
        (
            jv.likelihoods.Bernoulli(),
            [0.0, 255.0, 17.0],
            "values of {0, 1} under Bernoulli, got 0 to 255: write x / 255",
        ),
        (jv.likelihoods.ContinuousBernoulli(), [0.0, -0.5, 1.0], r"under ContinuousBernoulli, got -0.5 to 1$"),
        (jv.likelihoods.Poisson(), [0.5, 1.0, 2.0], "the counts .* under Poisson, got 0.5 to 2: save whole numbers"),
        (
            jv.likelihoods.Normal(),
            [0.0, np.inf, 2.0],
            "finite real numbers under Normal, got 1 infinite numbers: mend them",
        ),
    ],
)
def test_numbers_that_a_likelihood_does_not_take_are_refused_where_they_are_known(
    call: Any, likelihood: jv.likelihoods.Likelihood, x: list[float], words: str
) -> None:
    """Grey levels 0..255 under Bernoulli silently gave −10⁶ nats; between 0 and 1 a cross-entropy is the caller's."""
    model = jv.VAE((3,), 2, MLP((4,)), MLP((4,)), likelihood=likelihood)
    params = init(model, jax.random.key(0))
    example = jnp.asarray(x, jnp.float32)
    with pytest.raises(jv.UserError, match=words):
        call(model, params, jax.random.key(1), example)
    traced = jax.eval_shape(lambda x: call(model, params, jax.random.key(1), x), example)
    assert jax.tree.leaves(traced)[0].shape == ()
    call(
        model, params, jax.random.key(1), jnp.asarray([0.3, 0.3, 0.3]) if likelihood.support.num_levels else jnp.ones(3)
    )
