"""Normal draws: exact, and those of JAX up to rounding."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erfinv

from jaxvae.fast.normal_draws import fast_standard_normal, inverse_erf, plain_standard_normal
from jaxvae.typing import Shape
from tests.fast.draws import SHAPES, new_key


def test_the_inverse_error_function_is_exact_at_every_number_that_it_is_given() -> None:
    """All 2²³ values of u: the relative error stays within a few roundings of float32."""
    share = (np.arange(2**23, dtype=np.uint32) | np.float32(1).view(np.uint32)).view(np.float32) - np.float32(1)
    lowest = np.nextafter(np.float32(-1), np.float32(0))
    u = np.maximum(share * (1 - lowest) + lowest, lowest)
    assert u.dtype == np.float32
    found = np.asarray(jax.jit(inverse_erf)(u), np.float64)
    np.testing.assert_allclose(found, erfinv(u.astype(np.float64)), rtol=4e-7)


@pytest.mark.parametrize("shape", SHAPES)
def test_normals_are_those_of_the_uniforms_of_jax(shape: Shape) -> None:
    lowest = np.nextafter(np.float32(-1), np.float32(0))
    u = np.asarray(jax.random.uniform(new_key(), shape, minval=lowest, maxval=1.0), np.float64)
    found = fast_standard_normal(new_key(), shape)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, np.sqrt(2) * erfinv(u), rtol=1e-6)
    np.testing.assert_allclose(found, jax.random.normal(new_key(), shape), rtol=2e-5)


@pytest.mark.parametrize("impl", ["rbg", "unsafe_rbg"])
def test_keys_of_another_kind_go_to_jax(impl: str) -> None:
    np.testing.assert_array_equal(fast_standard_normal(new_key(impl), (5,)), jax.random.normal(new_key(impl), (5,)))


def test_normals_of_words_that_are_not_cut_by_devices_are_those_of_jax() -> None:
    with jax.threefry_partitionable(False):
        np.testing.assert_array_equal(fast_standard_normal(new_key(), (5,)), jax.random.normal(new_key(), (5,)))


def test_other_precisions_go_to_jax() -> None:
    found = fast_standard_normal(new_key(), (5,), jnp.bfloat16)
    assert found.dtype == jnp.bfloat16
    np.testing.assert_array_equal(found, jax.random.normal(new_key(), (5,), jnp.bfloat16))
    with jax.enable_x64(True):
        doubles = fast_standard_normal(new_key(), (5,), jnp.float64)
        np.testing.assert_array_equal(doubles, jax.random.normal(new_key(), (5,), jnp.float64))


def test_both_forms_have_the_same_draws() -> None:
    fast, plain = (form(new_key(), (100, 1000)) for form in (fast_standard_normal, plain_standard_normal))
    np.testing.assert_allclose(fast, plain, rtol=2e-5)
