"""Random words as `jax.random` draws them, where XLA on CPU would compute them again for each that uses them."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxvae.fast.switch import is_fast
from jaxvae.typing import Array, Key, Shape

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)


def random_words(key: Key, shape: Shape) -> Array:
    """Random 32-bit words, those of `jax.random.bits`, uint32.

    >>> bool((random_words(jax.random.key(0), (2, 3)) == jax.random.bits(jax.random.key(0), (2, 3))).all())
    True
    """
    return fast_random_words(key, shape) if is_fast() else plain_random_words(key, shape)


def plain_random_words(key: Key, shape: Shape) -> Array:
    """`jax.random.bits`."""
    return jax.random.bits(key, shape, jnp.uint32)


def fast_random_words(key: Key, shape: Shape) -> Array:
    """The same words: XLA on CPU runs the rounds of JAX's Threefry in a loop over memory; here they are one operation.

    That is several times as fast. Elsewhere, and for keys of another kind, these are JAX's own.
    """
    return _words(key, shape) if is_threefry_on_cpu(key, shape) else plain_random_words(key, shape)


def is_threefry_on_cpu(key: Key, shape: Shape) -> bool:
    """On a CPU, for the words of Threefry that JAX draws by default, as many as 32 bits count."""
    is_threefry = jax.random.key_impl(key) == "threefry2x32" and jax.config.jax_threefry_partitionable  # type: ignore[attr-defined]
    return is_threefry and jax.default_backend() == "cpu" and math.prod(shape) < 2**32


@partial(jax.jit, static_argnums=1, inline=True)
def _words(key: Key, shape: Shape) -> Array:
    words = threefry(key, shape)
    return lax.div(words, hidden_one(words))


def threefry(key: Key, shape: Shape) -> Array:
    """The first words of a key: Threefry-2x32 with 20 rounds, both halves xored, as `jax.random.bits` does it.

    Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
    """
    jax.random.bits(key, (0,))  # no words, by which a check for keys used twice sees that this one is used
    first, second = jax.random.key_data(key)
    keys = (first, second, first ^ second ^ _PARITY)
    numbers = jnp.zeros(shape, jnp.uint32)
    for axis, step in enumerate(_strides(shape)):  # not counted in one row and reshaped: a mesh may cut any axis
        numbers += lax.broadcasted_iota(jnp.uint32, shape, axis) * np.uint32(step)
    x, y = jnp.broadcast_to(first, shape), numbers + second
    for index in range(5):
        for rotation in _ROTATIONS[index % 2]:
            x = x + y
            y = ((y << np.uint32(rotation)) | (y >> np.uint32(32 - rotation))) ^ x
        x = x + keys[(index + 1) % 3]
        y = y + keys[(index + 2) % 3] + np.uint32(index + 1)
    return x ^ y


def _strides(shape: Shape) -> list[int]:
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


def hidden_one(words: Array) -> Array:
    """1 for each word, unknown to XLA: a number divided by it is computed only once.

    XLA on CPU computes a cheap number again in each operation that uses it, and all that it is made of; a quotient it
    keeps in memory. LLVM, which compiles that operation, knows that no word has more than 32 bits, and divides by
    nothing.
    """
    return (lax.population_count(words) <= 32).astype(jnp.uint32)
