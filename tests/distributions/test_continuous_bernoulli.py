"""The continuous Bernoulli at and around λ = ½, where its normaliser is 0/0, and where all mass is at one end."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from jaxvae.distributions import ContinuousBernoulli
from tests.helpers import assert_finite

LOGITS = (0.0, 1e-8, -1e-8, 1e-4, -1e-4, 0.019, 0.1, -0.1, 0.4999, 0.5, -0.5001, 5.0, -5.0, 50.0, -50.0)
TOLERANCE = {jnp.float32: 2e-6, jnp.float64: 1e-13}


def expectation(function, logit: float) -> float:
    """E[f(x)], by quadrature of the unnormalised density exp(η x − max(η, 0)), in float64."""

    def integral(f) -> float:
        peak = [1e-2, 0.05, 0.2, 0.5, 0.8, 0.95, 1 - 1e-2]
        return integrate.quad(
            lambda x: f(x) * np.exp(logit * x - max(logit, 0.0)), 0.0, 1.0, points=peak, epsabs=1e-15, epsrel=1e-13
        )[0]

    return integral(function) / integral(lambda x: 1.0)


def log_normaliser(logit: float) -> float:
    peak = [1e-2, 0.05, 0.2, 0.5, 0.8, 0.95, 1 - 1e-2]
    total = integrate.quad(lambda x: np.exp(logit * x - max(logit, 0.0)), 0.0, 1.0, points=peak, epsrel=1e-13)[0]
    return max(logit, 0.0) + np.log(total)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("x", [0.0, 0.3, 1.0])
def test_value_and_gradient_agree_with_quadrature(x: float, dtype: jnp.dtype) -> None:
    """d log p / dη = x − E[x], and its derivative −Var[x]."""
    with jax.enable_x64(dtype == jnp.float64):
        logits, value = jnp.asarray(LOGITS, dtype), jnp.asarray(x, dtype)
        exact = [float(logit) for logit in logits]  # as rounded

        def log_prob(logit: jax.Array) -> jax.Array:
            return ContinuousBernoulli(logit).log_prob(value)

        both = jax.jit(jax.vmap(jax.value_and_grad(log_prob)))(logits)
        log_probs, gradient = (np.asarray(array, np.float64) for array in both)
        assert both[1].dtype == dtype
        curvature = jax.jit(jax.vmap(jax.hessian(log_prob)))(logits)
        given, tolerance = float(value), TOLERANCE[dtype]
    expected = [given * logit - log_normaliser(logit) for logit in exact]
    np.testing.assert_allclose(log_probs, expected, rtol=tolerance, atol=tolerance)
    means = np.array([expectation(lambda x: x, logit) for logit in exact])
    np.testing.assert_allclose(gradient, given - means, rtol=10 * tolerance, atol=tolerance)
    variances = [expectation(lambda x, m=m: (x - m) ** 2, logit) for m, logit in zip(means, exact, strict=True)]
    np.testing.assert_allclose(curvature, -np.array(variances), rtol=100 * tolerance, atol=10 * tolerance)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64], ids=["float32", "float64"])
def test_mean_and_its_gradient_agree_with_quadrature(dtype: jnp.dtype) -> None:
    with jax.enable_x64(dtype == jnp.float64):
        logits = jnp.asarray(LOGITS, dtype)
        mean, slope = jax.vmap(jax.value_and_grad(lambda logit: ContinuousBernoulli(logit).mean))(logits)
        exact, tolerance = [float(logit) for logit in logits], TOLERANCE[dtype]
    means = [expectation(lambda x: x, logit) for logit in exact]
    np.testing.assert_allclose(mean, means, rtol=2 * tolerance)
    variances = [expectation(lambda x, m=m: (x - m) ** 2, logit) for m, logit in zip(means, exact, strict=True)]
    np.testing.assert_allclose(slope, variances, rtol=100 * tolerance)


def test_samples_have_the_derivative_of_the_inverse_distribution_function() -> None:
    """dx/dη = −(∂F/∂η) / p(x) at the drawn x: 2,000 draws at each logit, in float32 against float64."""
    logits = np.repeat([-30.0, -2.0, -0.02, -0.018, -1e-3, 0.0, 1e-6, 0.0185, 0.0187, 0.7, 8.0], 2000)
    draw = jax.jit(jax.vmap(jax.value_and_grad(lambda logit, key: ContinuousBernoulli(logit).sample(key))))
    x, slope = draw(jnp.asarray(logits, jnp.float32), jax.random.split(jax.random.key(0), len(logits)))
    x, eta = np.asarray(x, np.float64), np.asarray(np.float32(logits), np.float64)
    assert np.all((x >= 0) & (x <= 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        # F = expm1(η x) / expm1(η): −∂F/∂η / p = (1 − exp(−η x)) / (1 − exp(−η)) / η − x / η
        closed = (np.expm1(-eta * x) / np.expm1(-eta) - x) / eta
    expected = np.where(np.abs(eta) < 1e-5, x * (1 - x) / 2, closed)  # its limit at 0
    np.testing.assert_allclose(slope, expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("size", [0.0, 1e-30, 1e-8, 0.5, 88.0, 89.0, 104.0, 1e4, 1e30])
def test_everything_is_finite_at_any_logit(size: float) -> None:
    def everything(logit: jax.Array, x: jax.Array, key: jax.Array) -> tuple[jax.Array, ...]:
        p = ContinuousBernoulli(logit)
        return p.log_prob(x), p.mean, p.sample(key)

    logits = jnp.array([size, size, -size, -size], jnp.float32)
    values = jnp.array([0.0, 1.0, 0.0, 1.0])
    keys = jax.random.split(jax.random.key(1), 4)
    assert_finite(jax.vmap(everything)(logits, values, keys))
    assert_finite(jax.vmap(jax.jacobian(everything))(logits, values, jax.random.split(jax.random.key(1), 4)))
