"""Relaxed latents that are sharper than float32 can tell: one value is drawn, scored and shown."""

from functools import partial
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae import posteriors, priors
from jaxvae.distributions import BinaryConcrete, Concrete, sample_and_log_prob
from jaxvae.objectives.estimators import Estimator, monte_carlo_bound
from tests.helpers import assert_finite, index, keys, mean_and_error

TEMPERATURES = (0.05, 0.1, 0.15, 0.2, 0.3, 1.0)
LOGITS = (-50.0, -25.0, -1.0, 0.0, 3.0, 50.0)
DIM, NUM_DRAWS = len(LOGITS), 2_000

binary_or_groups = pytest.mark.parametrize("family", ["binary", "groups"])


def relaxed(family: str, temperature: float) -> BinaryConcrete | Concrete:
    """Six sharp components, or three groups of two classes."""
    logits = jnp.asarray(LOGITS)
    return BinaryConcrete(logits, temperature) if family == "binary" else Concrete(logits, temperature, 2)


def model(family: str, temperature: float) -> tuple[jv.VAE, Any]:
    """A decoder that does not look at z, of fair coins: log p(x) = −4 log 2 of every x."""
    posterior, prior = {
        "binary": (posteriors.BinaryConcrete(temperature), priors.UniformBinaryConcrete(temperature)),
        "groups": (posteriors.Concrete(2, temperature), priors.UniformConcrete(2, temperature)),
    }[family]
    vae = jv.VAE((4,), DIM, jv.networks.MLP(()), jv.networks.MLP(()), posterior, prior)
    params = jv.init(vae, jax.random.key(0))
    return vae, {**params, "decoder": jax.tree.map(jnp.zeros_like, params["decoder"])}


@pytest.mark.fast_rows(2)
@binary_or_groups
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_the_kl_to_itself_is_0_draw_by_draw(family: str, temperature: float) -> None:
    """log p of a draw, as it was drawn and as it is scored afterwards."""
    p = relaxed(family, temperature)
    values, log_probs = jax.jit(jax.vmap(sample_and_log_prob, (0, None)))(keys(1, NUM_DRAWS), p)
    assert_finite(log_probs)
    np.testing.assert_allclose(jax.jit(p.log_prob)(values), log_probs, atol=2e-3)
    kl = jax.jit(jax.vmap(lambda key: jv.kl_divergence(p, p, key).value))(keys(2, NUM_DRAWS))
    np.testing.assert_allclose(kl, np.zeros(NUM_DRAWS), atol=2e-3)


def test_a_number_close_to_0_is_scored_as_it_is() -> None:
    """y = 1e-10 at temperature 0.15: the density of y is that of its log-odds divided by y (1 − y)."""
    y = 1e-10
    u = jnp.asarray([np.log(y) - np.log1p(-y)], jnp.float32)
    log_prob = BinaryConcrete(jnp.zeros(1), 0.15).log_prob(u) - np.log(y) - np.log1p(-y)
    x = 0.15 * (np.log(y) - np.log1p(-y))
    exact = np.log(0.15) - x - 2 * np.log1p(np.exp(-x)) - np.log(y) - np.log1p(-y)
    np.testing.assert_allclose(log_prob, exact, rtol=1e-6)
    np.testing.assert_allclose(log_prob, 17.61, atol=0.01)


@pytest.mark.slow
@binary_or_groups
@pytest.mark.parametrize("estimator", get_args(Estimator))
def test_no_estimator_reports_more_than_log_p(family: str, estimator: Estimator) -> None:
    """The mean of 2,000 ELBOs, at the sharpest temperature and at 1, is below −4 log 2 by 6 standard errors or more."""
    for temperature in (TEMPERATURES[0], TEMPERATURES[-1]):
        vae, params = model(family, temperature)
        q, x = relaxed(family, temperature), jnp.array([1.0, 0.0, 0.0, 1.0])
        bound = partial(monte_carlo_bound, lambda log_weights: log_weights[0], vae, params, num_samples=1)

        @jax.jit
        @jax.vmap
        def elbo(key: jax.Array, bound: Any = bound, q: Any = q, x: Any = x) -> jax.Array:
            return bound(key, x, estimator=estimator, posterior=q).value

        mean, error = mean_and_error(elbo(keys(3, NUM_DRAWS)))
        assert mean - 6 * error < 4 * np.log(0.5)
        assert mean < 4 * np.log(0.5)


@binary_or_groups
def test_the_decoder_is_shown_the_relaxed_vector(family: str) -> None:
    """sigmoid(z) or softmax(z) of each group, by the model and by the wrapper with noise."""
    vae, params = model(family, 0.5)
    z = jnp.asarray([-3.0, 0.5, 2.0, 40.0, -90.0, 1.0])
    groups = np.exp(np.asarray(z, np.float64).reshape(3, 2))
    expected = (
        1 / (1 + np.exp(-np.asarray(z, np.float64)))
        if family == "binary"
        else (groups / groups.sum(1)[:, None]).ravel()
    )
    np.testing.assert_allclose(vae.posterior.decoder_input(vae, z), expected, rtol=1e-6, atol=1e-30)
    noisy = jv.VAE(
        (4,), DIM + 2, posterior=posteriors.WithNoise(vae.posterior, 2), prior=priors.WithNoise(vae.prior, 2)
    )
    shown = noisy.posterior.decoder_input(noisy, jnp.append(z, jnp.array([7.0, -8.0])))
    np.testing.assert_allclose(shown, [*expected, 7.0, -8.0], rtol=1e-6, atol=1e-30)
    draws = jax.vmap(lambda key: vae.draw(params, key, jnp.ones(4)))(keys(4, 3))
    assert_finite(index(draws, 0))
