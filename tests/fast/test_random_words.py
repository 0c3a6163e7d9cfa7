"""Random words: those of JAX, each computed once for all operations that use it."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.errors import KeyReuseError

from jaxvae.fast.normal_draws import fast_standard_normal, plain_standard_normal
from jaxvae.fast.random_words import fast_random_words, plain_random_words
from jaxvae.typing import Key, Shape
from tests.fast.draws import SHAPES, new_key


@pytest.mark.parametrize("shape", SHAPES)
def test_words_are_those_of_jax(shape: Shape) -> None:
    np.testing.assert_array_equal(fast_random_words(new_key(), shape), jax.random.bits(new_key(), shape))
    np.testing.assert_array_equal(
        jax.jit(fast_random_words, static_argnums=1)(new_key(), shape), jax.random.bits(new_key(), shape)
    )


def test_words_of_many_keys_are_those_of_each() -> None:
    keys, again = (jax.random.split(new_key(), (2, 3)) for _ in range(2))
    found = jax.vmap(jax.vmap(lambda key: fast_random_words(key, (7, 5))))(keys)
    for place in np.ndindex(2, 3):
        np.testing.assert_array_equal(found[place], jax.random.bits(again[place], (7, 5)))


@pytest.mark.parametrize("impl", ["rbg", "unsafe_rbg"])
def test_keys_of_another_kind_go_to_jax(impl: str) -> None:
    np.testing.assert_array_equal(fast_random_words(new_key(impl), (5,)), jax.random.bits(new_key(impl), (5,)))


def test_words_that_are_not_cut_by_devices_are_those_of_jax() -> None:
    with jax.threefry_partitionable(False):
        np.testing.assert_array_equal(fast_random_words(new_key(), (5,)), jax.random.bits(new_key(), (5,)))


def test_more_words_than_32_bits_count_go_to_jax() -> None:
    """Without being drawn: as JAX traces them, with a counter of two words."""
    text = str(jax.make_jaxpr(lambda key: fast_random_words(key, (2**16, 2**16)))(new_key()))
    assert "random_bits" in text
    assert "population_count" not in text
    assert "population_count" in str(jax.make_jaxpr(lambda key: fast_random_words(key, (2**16, 2**15)))(new_key()))


@pytest.mark.parametrize("draw", [fast_random_words, plain_random_words, fast_standard_normal, plain_standard_normal])
def test_a_key_counts_as_used(draw: Callable[..., jax.Array]) -> None:
    with jax.debug_key_reuse(True):
        key = jax.random.key(0)
        jax.block_until_ready(draw(key, (2,)))
        with pytest.raises(KeyReuseError):
            draw(key, (2,))


@pytest.mark.parametrize("draw", [fast_random_words, fast_standard_normal])
def test_draws_are_computed_once_for_all_that_use_them(draw: Callable[..., jax.Array]) -> None:
    """As many rotations in a program with many users of the draws as in one with a single user."""

    def rotations(users: int) -> int:
        def program(key: Key, scales: jax.Array) -> list[jax.Array]:
            draws = draw(key, (40, 50)).astype(jnp.float32)
            return [jnp.sum(draws * scale, axis=index % 2) for index, scale in enumerate(scales)]

        return jax.jit(program).lower(new_key(), jnp.arange(1.0, 1.0 + users)).compile().as_text().count(" shift-left(")

    assert rotations(5) == rotations(1) > 0


def test_both_forms_have_the_same_words() -> None:
    fast, plain = (form(new_key(), (100, 1000)) for form in (fast_random_words, plain_random_words))
    np.testing.assert_array_equal(fast, plain)
