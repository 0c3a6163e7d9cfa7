"""Numerical functions against float64."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from jaxvae.numerics import power_mean

POWERS = (1e30, 50.0, 2.0, 1.0, 0.5, 1e-2, 9e-4, 1e-4, 6e-8, 0.0, -6e-8, -9e-4, -0.3, -1.0, -20.0, -1e30)


@pytest.mark.parametrize("spread", [1e-3, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("count", [1, 2, 50])
def test_power_mean_for_powers_of_any_size(count: int, spread: float) -> None:
    """Against 40 digits; the gradient is the share of each value."""
    values = (spread * np.random.default_rng(count).normal(size=count) - 100.0).astype(np.float32)
    powers = jnp.asarray(POWERS)
    both = jax.jit(jax.vmap(jax.value_and_grad(power_mean), (None, 0)))(jnp.asarray(values), powers)
    with mpmath.workdps(40):
        exact = [mpmath.mpf(one) for one in values.tolist()]
        for s, value, gradient in zip(np.asarray(powers, np.float64).tolist(), *both, strict=True):
            scaled = [s * one for one in exact]
            shares = [mpmath.exp(one - max(scaled)) for one in scaled]
            mean = mpmath.fsum(exact) / count
            truth = (max(scaled) + mpmath.log(mpmath.fsum(shares) / count)) / s if s else mean
            np.testing.assert_allclose(value, float(truth), rtol=2e-6, atol=3e-7 * spread)
            expected = np.array([float(one / mpmath.fsum(shares)) for one in shares])
            np.testing.assert_allclose(gradient, expected, atol=1e-4)


def test_power_mean_of_weights_that_are_0() -> None:
    """exp(−∞) = 0 counts for positive powers, and makes the mean 0 for others."""
    values = jnp.array([-jnp.inf, 0.0])
    np.testing.assert_allclose(power_mean(values, 1.0), np.log(0.5), rtol=1e-6)
    assert power_mean(values, -1.0) == -jnp.inf
    assert power_mean(jnp.full(3, -jnp.inf), 1.0) == -jnp.inf
    assert power_mean(values, 0.0) == -jnp.inf
    np.testing.assert_allclose(power_mean(jnp.array([-1e30, 0.0]), 0.0), -0.5e30, rtol=1e-6)
    assert float(jax.grad(power_mean, argnums=1)(jnp.array([1.0, 2.0]), 0.0)) == pytest.approx(0.125)
