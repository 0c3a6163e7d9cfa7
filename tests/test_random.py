"""Random numbers: JAX's own words, exact normals, each computed once for any number of uses."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.errors import KeyReuseError
from scipy.special import erfinv

from jaxvae import random
from jaxvae.random import random_words, standard_normal
from jaxvae.typing import Key, Shape


def new_key(impl: str = "threefry2x32") -> Key:
    """The same key each time, as one that nothing has used."""
    return jax.random.key(3, impl=impl)


SHAPES: list[Shape] = [(), (1,), (0, 4), (5, 3, 2), (1001,)]


@pytest.mark.parametrize("shape", SHAPES)
def test_words_are_those_of_jax(shape: Shape) -> None:
    np.testing.assert_array_equal(random_words(new_key(), shape), jax.random.bits(new_key(), shape))
    np.testing.assert_array_equal(
        jax.jit(random_words, static_argnums=1)(new_key(), shape), jax.random.bits(new_key(), shape)
    )


def test_words_of_many_keys_are_those_of_each() -> None:
    keys, again = (jax.random.split(new_key(), (2, 3)) for _ in range(2))
    found = jax.vmap(jax.vmap(lambda key: random_words(key, (7, 5))))(keys)
    for place in np.ndindex(2, 3):
        np.testing.assert_array_equal(found[place], jax.random.bits(again[place], (7, 5)))


def test_the_inverse_error_function_is_exact_at_every_number_that_it_is_given() -> None:
    """All 2²³ values of u: the relative error stays within a few roundings of float32."""
    share = (np.arange(2**23, dtype=np.uint32) | np.float32(1).view(np.uint32)).view(np.float32) - np.float32(1)
    lowest = np.nextafter(np.float32(-1), np.float32(0))
    u = np.maximum(share * (1 - lowest) + lowest, lowest)
    assert u.dtype == np.float32
    found = np.asarray(jax.jit(random._inverse_erf)(u), np.float64)
    np.testing.assert_allclose(found, erfinv(u.astype(np.float64)), rtol=4e-7)


@pytest.mark.parametrize("shape", SHAPES)
def test_normals_are_those_of_the_uniforms_of_jax(shape: Shape) -> None:
    lowest = np.nextafter(np.float32(-1), np.float32(0))
    u = np.asarray(jax.random.uniform(new_key(), shape, minval=lowest, maxval=1.0), np.float64)
    found = standard_normal(new_key(), shape)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, np.sqrt(2) * erfinv(u), rtol=1e-6)
    np.testing.assert_allclose(found, jax.random.normal(new_key(), shape), rtol=2e-5)


@pytest.mark.parametrize("impl", ["rbg", "unsafe_rbg"])
def test_keys_of_another_kind_go_to_jax(impl: str) -> None:
    np.testing.assert_array_equal(random_words(new_key(impl), (5,)), jax.random.bits(new_key(impl), (5,)))
    np.testing.assert_array_equal(standard_normal(new_key(impl), (5,)), jax.random.normal(new_key(impl), (5,)))


def test_words_that_are_not_cut_by_devices_are_those_of_jax() -> None:
    with jax.threefry_partitionable(False):
        np.testing.assert_array_equal(random_words(new_key(), (5,)), jax.random.bits(new_key(), (5,)))
        np.testing.assert_array_equal(standard_normal(new_key(), (5,)), jax.random.normal(new_key(), (5,)))


def test_more_words_than_32_bits_count_go_to_jax() -> None:
    """Without being drawn: as JAX traces them, with a counter of two words."""
    text = str(jax.make_jaxpr(lambda key: random_words(key, (2**16, 2**16)))(new_key()))
    assert "random_bits" in text
    assert "population_count" not in text
    assert "population_count" in str(jax.make_jaxpr(lambda key: random_words(key, (2**16, 2**15)))(new_key()))


def test_other_precisions_go_to_jax() -> None:
    found = standard_normal(new_key(), (5,), jnp.bfloat16)
    assert found.dtype == jnp.bfloat16
    np.testing.assert_array_equal(found, jax.random.normal(new_key(), (5,), jnp.bfloat16))
    with jax.enable_x64(True):
        doubles = standard_normal(new_key(), (5,), jnp.float64)
        np.testing.assert_array_equal(doubles, jax.random.normal(new_key(), (5,), jnp.float64))


@pytest.mark.parametrize("draw", [random_words, standard_normal])
def test_a_key_counts_as_used(draw: Callable[..., jax.Array]) -> None:
    with jax.debug_key_reuse(True):
        key = jax.random.key(0)
        jax.block_until_ready(draw(key, (2,)))
        with pytest.raises(KeyReuseError):
            draw(key, (2,))


@pytest.mark.parametrize("draw", [random_words, standard_normal])
def test_draws_are_computed_once_for_all_that_use_them(draw: Callable[..., jax.Array]) -> None:
    """As many rotations in a program with many users of the draws as in one with a single user."""

    def rotations(users: int) -> int:
        def program(key: Key, scales: jax.Array) -> list[jax.Array]:
            draws = draw(key, (40, 50)).astype(jnp.float32)
            return [jnp.sum(draws * scale, axis=index % 2) for index, scale in enumerate(scales)]

        return jax.jit(program).lower(new_key(), jnp.arange(1.0, 1.0 + users)).compile().as_text().count(" shift-left(")

    assert rotations(5) == rotations(1) > 0
