"""Random numbers of `jax.random`, in a form that XLA on CPU does not compute again for each use."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import DTypeLike

from jaxvae.typing import Array, Key, Shape

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)

# Giles 2012, table 5: erf⁻¹(u) / u by w = −log(1 − u²), in powers of w − 2.5 where w < 5, else of √w − 3; highest first
_CENTRE = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
           -0.00417768164, 0.246640727, 1.50140941)  # fmt: skip
_TAIL = (-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
         1.00167406, 2.83297682)  # fmt: skip


def random_words(key: Key, shape: Shape) -> Array:
    """Random 32-bit words, those of `jax.random.bits`, uint32.

    XLA on CPU runs the rounds of JAX's Threefry in a loop over memory; here they are one operation, several times as
    fast. Elsewhere, and for keys of another kind, these are JAX's own.

    >>> bool((random_words(jax.random.key(0), (2, 3)) == jax.random.bits(jax.random.key(0), (2, 3))).all())
    True
    """
    return _words(key, shape) if _is_ours(key, shape) else jax.random.bits(key, shape, jnp.uint32)


def standard_normal(key: Key, shape: Shape, dtype: DTypeLike = jnp.float32) -> Array:
    """Draws from N(0, 1), those of `jax.random.normal` up to rounding.

    ε = √2 erf⁻¹(u),  u ~ U(−1, 1)

    Args:
        key: for the draws.
        shape: of the draws.
        dtype: of the draws.

    Example:
        >>> standard_normal(jax.random.key(0), (2,)).tolist()
        [1.622..., 2.025...]
    """
    is_ours = dtype == jnp.float32 and _is_ours(key, shape)
    return _normal(key, shape) if is_ours else jax.random.normal(key, shape, dtype)


def _is_ours(key: Key, shape: Shape) -> bool:
    """On a CPU, for the words of Threefry that JAX draws by default, as many as 32 bits count."""
    is_threefry = jax.random.key_impl(key) == "threefry2x32" and jax.config.jax_threefry_partitionable  # type: ignore[attr-defined]
    return is_threefry and jax.default_backend() == "cpu" and math.prod(shape) < 2**32


@partial(jax.jit, static_argnums=1, inline=True)
def _words(key: Key, shape: Shape) -> Array:
    words = _threefry(key, shape)
    return lax.div(words, _hidden_one(words))


@partial(jax.jit, static_argnums=1, inline=True)
def _normal(key: Key, shape: Shape) -> Array:
    words = _threefry(key, shape)
    one = np.float32(1.0)
    above_minus_one = np.nextafter(-one, np.float32(0.0))
    share = lax.bitcast_convert_type((words >> np.uint32(9)) | one.view(np.uint32), jnp.float32) - one  # in [0, 1)
    u = jnp.maximum(share * (one - above_minus_one) + above_minus_one, above_minus_one)
    draws = np.float32(math.sqrt(2.0)) * _inverse_erf(u)
    return draws / _hidden_one(words).astype(jnp.float32)


def _threefry(key: Key, shape: Shape) -> Array:
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


def _hidden_one(words: Array) -> Array:
    """1 for each word, unknown to XLA: a number divided by it is computed only once.

    XLA on CPU computes a cheap number again in each operation that uses it, and all that it is made of; a quotient it
    keeps in memory. LLVM, which compiles that operation, knows that no word has more than 32 bits, and divides by
    nothing.
    """
    return (lax.population_count(words) <= 32).astype(jnp.uint32)


def _inverse_erf(u: Array) -> Array:
    """erf⁻¹(u), float32, with a logarithm that XLA on CPU takes of several numbers at once (of log1p it does not)."""
    w = -jnp.log((1.0 - u) * (1.0 + u))
    is_central = w < 5.0
    t = jnp.where(is_central, w - 2.5, jnp.sqrt(w) - 3.0)
    quotient = jnp.zeros_like(u)
    for central, tail in zip(_CENTRE, _TAIL, strict=True):
        quotient = quotient * t + jnp.where(is_central, np.float32(central), np.float32(tail))
    return quotient * u
