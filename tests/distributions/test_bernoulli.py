"""The log-probability of a long binary event, which takes one logarithm for several dimensions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxvae.distributions import Bernoulli

EVENTS = [(7,), (64,), (3, 16), (28, 28, 1), (2, 45)]


@pytest.mark.usefixtures("fast_forms")  # the slopes of `jnp.logaddexp` round by twice as much
@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("spread", [1.0, 10.0, 60.0, 1e4])
def test_value_and_slopes_against_float64(event: tuple[int, ...], spread: float) -> None:
    rng = np.random.default_rng(0)
    logits = (rng.normal(size=(5, *event)) * spread).astype(np.float32)
    x = (rng.random((5, *event)) < 0.5).astype(np.float32)
    exact = logits.astype(np.float64)
    terms = x * exact - np.logaddexp(0.0, exact)
    axes = tuple(range(1, terms.ndim))
    truth, scale = terms.sum(axes), np.abs(terms).sum(axes)

    def total(logits: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        value = Bernoulli(logits, event_ndim=len(event)).log_prob(x)
        return jnp.sum(value), value

    gradient = jax.jit(jax.grad(total, argnums=(0, 1), has_aux=True))
    (of_logits, of_x), value = gradient(jnp.asarray(logits), jnp.asarray(x))
    size = np.prod(event)
    np.testing.assert_array_less(np.abs(np.asarray(value) - truth), 6e-8 * (4.0 * np.sqrt(size) * scale + 2.0 * size))
    np.testing.assert_allclose(of_logits, x - np.exp(-np.logaddexp(0.0, -exact)), atol=3e-7)
    np.testing.assert_array_equal(of_x, logits)


def test_curvature_of_a_long_event() -> None:
    logits = jnp.linspace(-3.0, 3.0, 64)
    curvature = jax.jit(jax.hessian(lambda logits: Bernoulli(logits).log_prob(jnp.ones(64))))(logits)
    p = 1.0 / (1.0 + np.exp(-np.asarray(logits, np.float64)))
    np.testing.assert_allclose(curvature, np.diag(-p * (1.0 - p)), atol=1e-6)


def test_a_value_for_many_logits_and_logits_for_many_values() -> None:
    logits = jnp.linspace(-2.0, 2.0, 3 * 64).reshape(3, 64)
    x = jnp.asarray(np.arange(5 * 64).reshape(5, 64) % 3 == 0, jnp.float32)
    table = jax.vmap(lambda one: Bernoulli(logits, event_ndim=1).log_prob(one))(x)
    expected = np.asarray(x) @ np.asarray(logits).T - np.logaddexp(0.0, np.asarray(logits)).sum(1)
    np.testing.assert_allclose(table, expected, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, bool])
def test_slopes_at_values_that_are_no_floats(dtype: type) -> None:
    logits, x = jnp.linspace(-2.0, 2.0, 64), np.arange(64) % 3 == 0
    gradient = jax.grad(lambda logits: Bernoulli(logits).log_prob(jnp.asarray(x.astype(dtype))))(logits)
    np.testing.assert_allclose(
        gradient, x - 1.0 / (1.0 + np.exp(-np.asarray(logits, np.float64))), rtol=1e-5, atol=1e-6
    )
