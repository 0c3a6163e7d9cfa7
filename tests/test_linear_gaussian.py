"""The best single test of the core: where log p(x) and the ELBO are known, every estimate must give them.

With the exact posterior log w = log p(x) for EVERY key: signs, constants and reductions all at once.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.objectives.estimators import PathOnly
from jaxvae.typing import Params
from tests.helpers import assert_mean, keys, mean_and_error
from tests.linear_gaussian import LATENT_DIM, LinearGaussian, as_example

NUM_MODELS = 100
NUM_KEYS = 4000


class Exact(NamedTuple):
    """100 random models with their exact posteriors, stacked, and one random x each."""

    vaes: jv.VAE
    params: Params
    xs: jax.Array
    log_px: np.ndarray
    kl: np.ndarray


@pytest.fixture(scope="module")
def exact() -> Exact:
    rng = np.random.default_rng(0)
    models = [LinearGaussian.random(rng) for _ in range(NUM_MODELS)]
    flat = [model.sample(rng) for model in models]
    posteriors = [model.posterior_matrix() for model in models]
    return Exact(
        vaes=jv.stack([model.vae() for model in models]),
        params=jv.stack([model.params() for model in models]),
        xs=jnp.stack([as_example(x) for x in flat]),
        log_px=np.array([model.log_marginal(x) for model, x in zip(models, flat, strict=True)]),
        kl=np.array([
            kl_to_standard_normal(matrix @ (x - model.bias), scale)
            for model, x, (matrix, scale) in zip(models, flat, posteriors, strict=True)
        ]),
    )  # fmt: skip


def kl_to_standard_normal(loc: np.ndarray, scale: np.ndarray) -> float:
    return float(np.sum(0.5 * (scale**2 + loc**2 - 1.0) - np.log(scale)))


def test_one_draw_has_the_closed_form_log_density(exact: Exact) -> None:
    """100 random parameters, data and keys in one compiled program: each way to log w gives log p(x)."""
    vaes, params, xs, log_px, _ = exact

    def estimates(model, params, key, x):
        same_keys = [jax.random.clone(key) for _ in range(3)]
        draw = model.draw(params, same_keys[0], x)
        detached = model.draw(params, same_keys[1], x, posterior=PathOnly(model.encode(params, x), 1.0))
        return jv.elbo(model, params, same_keys[2], x, kl="sampled").value, draw.log_weight, detached.log_weight

    for estimate in jax.jit(jax.vmap(estimates))(vaes, params, keys(1, NUM_MODELS), xs):
        assert estimate.shape == (NUM_MODELS,)
        np.testing.assert_allclose(estimate, log_px, atol=1e-4)


def test_the_closed_form_kl_gives_the_log_density_only_in_the_mean(exact: Exact) -> None:
    """One draw differs from log p(x) by the noise of log p(x|z) alone: the KL has none."""
    terms = jax.jit(jax.vmap(jv.elbo))(exact.vaes, exact.params, keys(2, NUM_MODELS), exact.xs)
    np.testing.assert_allclose(terms.kl, exact.kl, rtol=1e-4)
    assert np.std(terms.value - exact.log_px) > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("num_samples", [1, 7, 250, 513])
def test_log_marginal_is_exact_for_any_number_of_samples(exact: Exact, num_samples: int) -> None:
    """One, below, exactly and above the chunk of 250."""
    log_marginal = jax.jit(jax.vmap(partial(jv.log_marginal, num_samples=num_samples)))
    estimate = log_marginal(exact.vaes, exact.params, keys(3, NUM_MODELS), exact.xs)
    np.testing.assert_allclose(estimate, exact.log_px, atol=1e-4)


class Wrong:
    """One model with a posterior that is off, wider than the exact one so that the weights are bounded."""

    def __init__(self) -> None:
        rng = np.random.default_rng(4)
        self.model = LinearGaussian.random(rng)
        flat = self.model.sample(rng)
        self.x, self.vae = as_example(flat), self.model.vae()
        matrix, scale = self.model.posterior_matrix()
        shift, stretch = 0.5 * scale * np.array([1.0, -1.0]), np.array([1.3, 1.6])
        self.params = self.model.params(shift, stretch)
        self.loc, self.scale = matrix @ (flat - self.model.bias) + shift, scale * stretch
        self.log_px = self.model.log_marginal(flat)
        self.elbo = self.model.elbo(flat, self.loc, self.scale)

    def log_marginals(self, num_samples: int, seed: int) -> np.ndarray:
        """`[NUM_KEYS]` independent estimates."""
        estimate = jax.jit(jax.vmap(partial(jv.log_marginal, num_samples=num_samples), (None, None, 0, None)))
        return np.asarray(estimate(self.vae, self.params, keys(seed, NUM_KEYS), self.x), np.float64)


@pytest.fixture(scope="module")
def wrong() -> Wrong:
    return Wrong()


def test_the_wrong_posterior_is_as_meant(wrong: Wrong) -> None:
    q = jv.encode(wrong.vae, wrong.params, wrong.x)
    np.testing.assert_allclose(q.loc, wrong.loc, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(q.scale, wrong.scale, rtol=1e-4)
    assert wrong.elbo < wrong.log_px - 0.2


@pytest.mark.parametrize("kl", ["closed_form", "sampled"])
def test_mean_of_the_elbo_is_its_closed_form(wrong: Wrong, kl: Any) -> None:
    elbo = jax.jit(jax.vmap(partial(jv.elbo, kl=kl), (None, None, 0, None)))
    terms = elbo(wrong.vae, wrong.params, keys(5, NUM_KEYS), wrong.x)
    assert_mean(terms.value, wrong.elbo)
    np.testing.assert_allclose(terms.value, terms.log_likelihood - terms.kl, rtol=1e-6)
    if kl == "closed_form":
        expected = kl_to_standard_normal(wrong.loc, wrong.scale)
        np.testing.assert_allclose(terms.kl, np.full(NUM_KEYS, expected), rtol=1e-4)
    else:
        assert np.std(terms.kl) > 0.1


def test_log_marginal_rises_from_the_elbo_to_log_px_and_never_above(wrong: Wrong) -> None:
    """Each step up is above 5 standard errors of the difference; K = 1 is the ELBO; K = 64 closes 95 % of the gap."""
    sizes = (1, 3, 9, 64)
    means, errors = zip(*(mean_and_error(wrong.log_marginals(k, 10 + k)) for k in sizes), strict=True)
    assert abs(means[0] - wrong.elbo) < 5 * errors[0]
    for low, high, low_error, high_error in zip(means, means[1:], errors, errors[1:], strict=False):
        assert high - low > 5 * np.hypot(low_error, high_error)
    for mean, error in zip(means, errors, strict=True):
        assert mean < wrong.log_px + 5 * error
    assert wrong.log_px - means[-1] < 0.05 * (wrong.log_px - wrong.elbo)


@pytest.mark.slow
@pytest.mark.parametrize("num_samples", [1, 3, 4, 7])
def test_exp_of_log_marginal_is_unbiased(wrong: Wrong, monkeypatch: pytest.MonkeyPatch, num_samples: int) -> None:
    """E[p̂(x)] = p(x), below, at and above a chunk of 3."""
    monkeypatch.setattr("jaxvae.evaluation.likelihood.CHUNK", 3)
    ratios = np.exp(wrong.log_marginals(num_samples, 20 + num_samples) - wrong.log_px)
    assert_mean(ratios, 1.0)


def test_one_draw_generates_the_marginal(wrong: Wrong) -> None:
    """`sample` has the mean b and the covariance W Wᵀ + s² I: 12 and 78 numbers within 6 standard errors."""
    draws = jax.jit(jax.vmap(jv.sample, (None, None, 0)))(wrong.vae, wrong.params, keys(6, 10_000))
    assert draws.shape == (10_000, 3, 4)
    centred = np.asarray(draws, np.float64).reshape(10_000, -1) - wrong.model.bias
    assert_mean(centred, np.zeros(12), standard_errors=6)
    rows, columns = np.triu_indices(12)
    assert_mean(centred[:, rows] * centred[:, columns], wrong.model.covariance[rows, columns], standard_errors=6)


def test_sticking_the_landing(exact: Exact) -> None:
    """At the exact posterior the detached log w has no gradient by the encoder, for every key; the plain one has."""
    vaes, params, xs, *_ = exact

    def gradient(detach: bool, model, params, key, x):
        def log_weight(encoder):
            all_params = {**params, "encoder": encoder}
            q = model.encode(all_params, x)
            return model.draw(all_params, key, x, posterior=PathOnly(q, 1.0) if detach else q).log_weight

        return jax.grad(log_weight)(params["encoder"])

    detached = jax.jit(jax.vmap(partial(gradient, True)))(vaes, params, keys(7, NUM_MODELS), xs)
    plain = jax.jit(jax.vmap(partial(gradient, False)))(vaes, params, keys(7, NUM_MODELS), xs)
    biases = plain["params"]["Dense_0"]["bias"]
    assert biases.shape == (NUM_MODELS, 2 * LATENT_DIM)
    assert np.mean(np.abs(biases)) > 0.3
    for leaf in jax.tree.leaves(detached):
        np.testing.assert_allclose(leaf, np.zeros(leaf.shape), atol=3e-4)


@pytest.mark.parametrize("detach", [False, True])
def test_the_mean_gradient_is_that_of_the_closed_form(wrong: Wrong, detach: bool) -> None:
    """By the 2 means of a wrong posterior, with log q detached or not: E[∂ log w] = ∂ ELBO (5 SE, 2 numbers)."""

    def log_weight(loc: jax.Array, key: jax.Array) -> jax.Array:
        q = jv.distributions.Normal(loc, jnp.asarray(wrong.scale, jnp.float32))
        seen = PathOnly(q, 1.0) if detach else q
        return wrong.vae.draw(wrong.params, key, wrong.x, posterior=seen).log_weight

    gradients = jax.jit(jax.vmap(jax.grad(log_weight), (None, 0)))(
        jnp.asarray(wrong.loc, jnp.float32), keys(8, NUM_KEYS)
    )
    flat = np.asarray(wrong.x, np.float64).reshape(-1)
    steps = 1e-5 * np.eye(LATENT_DIM)
    high, low = ([wrong.model.elbo(flat, wrong.loc + sign * step, wrong.scale) for step in steps] for sign in (1, -1))
    expected = (np.array(high) - np.array(low)) / 2e-5
    assert np.all(np.abs(expected) > 0.1)
    assert_mean(gradients, expected)
