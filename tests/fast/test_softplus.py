"""softplus, fast and plain, against float64."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxvae.fast.softplus import fast_softplus, plain_softplus


@pytest.mark.parametrize("softplus", [fast_softplus, plain_softplus])
def test_softplus_is_as_exact_as_float32_allows(softplus: Callable[..., jax.Array]) -> None:
    x = np.concatenate([np.linspace(-85.0, 85.0, 200_001), np.logspace(-30, 30, 61), -np.logspace(-30, 1.9, 41)])
    x = x.astype(np.float32)
    truth = np.logaddexp(0.0, x.astype(np.float64))
    assert np.max(np.abs(np.asarray(softplus(jnp.asarray(x))) / truth - 1.0)) < 3e-7
    slope = jax.jit(jax.vmap(jax.grad(softplus)))(jnp.asarray(x))
    np.testing.assert_allclose(slope, np.exp(-np.logaddexp(0.0, -x.astype(np.float64))), rtol=1e-6, atol=1e-37)


@pytest.mark.parametrize("softplus", [fast_softplus, plain_softplus])
def test_softplus_at_the_ends(softplus: Callable[..., jax.Array]) -> None:
    np.testing.assert_array_equal(softplus(jnp.array([-jnp.inf, jnp.inf, jnp.nan])), [0.0, np.inf, np.nan])
    assert jax.grad(softplus)(-1e30) == 0.0
    assert jax.grad(softplus)(1e30) == 1.0


@pytest.mark.parametrize("softplus", [fast_softplus, plain_softplus])
def test_softplus_of_other_precisions(softplus: Callable[..., jax.Array]) -> None:
    with jax.enable_x64(True):
        x = jnp.linspace(-700.0, 700.0, 1001)
        np.testing.assert_allclose(softplus(x), np.logaddexp(0.0, np.asarray(x)), rtol=1e-15)
    assert softplus(jnp.ones((), jnp.bfloat16)).dtype == jnp.bfloat16


def test_both_forms_have_the_same_values_and_slopes() -> None:
    x = jnp.linspace(-80.0, 80.0, 20_001)
    np.testing.assert_allclose(fast_softplus(x), plain_softplus(x), rtol=6e-7)
    fast, plain = (jax.vmap(jax.grad(form))(x) for form in (fast_softplus, plain_softplus))
    np.testing.assert_allclose(fast, plain, rtol=1e-6)
