"""How log p(x) is estimated: exactly K independent weights for any chunks (its value: test_linear_gaussian)."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

import jaxvae as jv
from jaxvae.draw import Draw
from jaxvae.numerics import log_mean_exp
from tests.helpers import assert_mean, binary_batch, keys, tiny_vae

NUM_KEYS = 5000


class UniformWeights:
    """A stand-in for a model whose importance weights are uniform on (0, 1): mean 1/2, variance 1/12."""

    def __init__(self) -> None:
        self.encoded = 0

    def given(self, x: jax.Array) -> tuple[Any, jax.Array]:
        """Nothing belongs to one example."""
        return self, x

    def encode(self, params: Any, x: jax.Array) -> None:
        """Counted: the encoder should run once for all draws."""
        self.encoded += 1

    def draw(self, params: Any, key: jax.Array, x: jax.Array, *, posterior: Any) -> Draw:
        """One weight."""
        zero = jnp.zeros(())
        weight = jax.random.uniform(key, minval=1e-6)
        return Draw(zero, jnp.log(weight), zero, zero, zero[None])


@pytest.mark.parametrize("num_samples", [1, 2, 3, 4, 5, 6, 7])
def test_the_weights_are_k_independent_ones(monkeypatch: pytest.MonkeyPatch, num_samples: int) -> None:
    """Mean 1/2 and variance 1 / (12 K) of p̂(x), at chunks of 3: noise shared by chunks would raise the variance.

    Both within 5 standard errors of 5,000 estimates.
    """
    monkeypatch.setattr("jaxvae.evaluation.likelihood.CHUNK", 3)
    model = UniformWeights()
    estimate = jax.jit(jax.vmap(lambda key: jv.log_marginal(model, {}, key, jnp.zeros(2), num_samples)))  # type: ignore[arg-type]
    means = np.exp(np.asarray(estimate(keys(num_samples, NUM_KEYS)), np.float64))
    assert model.encoded == 1
    assert_mean(means, 0.5)
    assert_mean((means - 0.5) ** 2, 1 / (12 * num_samples))


def test_it_is_differentiable() -> None:
    """The gradient of log p̂(x) is finite and that of the mean weight: the scan starts from log 0."""
    model, x = tiny_vae(), binary_batch()[0]
    params = jv.init(model, jax.random.key(0))
    gradient = jax.jit(jax.grad(lambda params: jv.log_marginal(model, params, jax.random.key(1), x, num_samples=251)))
    leaves = jax.tree.leaves(gradient(params))
    assert all(np.all(np.isfinite(leaf)) for leaf in leaves)
    assert all(np.any(leaf != 0) for leaf in leaves)


@pytest.mark.parametrize("num_samples", [0, -3])
def test_no_samples_is_an_error(num_samples: int) -> None:
    with pytest.raises(jv.UserError, match=rf"^log_marginal.num_samples must be >= 1, got {num_samples}$"):
        jv.log_marginal(tiny_vae(), {}, jax.random.key(0), binary_batch()[0], num_samples)


def test_log_mean_exp_agrees_with_scipy_and_does_not_overflow() -> None:
    values = np.random.default_rng(0).normal(size=(7, 5)) * 300 + np.array([1e4, -1e4, 0, 0, 0])
    expected = special.logsumexp(values, axis=0) - np.log(7)
    np.testing.assert_allclose(log_mean_exp(jnp.asarray(values, jnp.float32)), expected, rtol=1e-6)
    np.testing.assert_allclose(log_mean_exp(jnp.asarray(values.T, jnp.float32), axis=1), expected, rtol=1e-6)
    assert log_mean_exp(jnp.full(3, -jnp.inf)) == -jnp.inf
