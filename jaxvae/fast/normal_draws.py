"""Normal draws as `jax.random` makes them, each computed once for all operations that use it."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import DTypeLike

from jaxvae.fast.random_words import hidden_one, is_threefry_on_cpu, threefry
from jaxvae.fast.switch import is_fast
from jaxvae.typing import Array, Key, Shape

# Giles 2012, table 5: erf⁻¹(u) / u by w = −log(1 − u²), in powers of w − 2.5 where w < 5, else of √w − 3; highest first
_CENTRE = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
           -0.00417768164, 0.246640727, 1.50140941)  # fmt: skip
_TAIL = (-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
         1.00167406, 2.83297682)  # fmt: skip


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
    form = fast_standard_normal if is_fast() else plain_standard_normal
    return form(key, shape, dtype)


def plain_standard_normal(key: Key, shape: Shape, dtype: DTypeLike = jnp.float32) -> Array:
    """`jax.random.normal`."""
    return jax.random.normal(key, shape, dtype)


def fast_standard_normal(key: Key, shape: Shape, dtype: DTypeLike = jnp.float32) -> Array:
    """The same draws from words that are one operation (`fast_random_words`), in float32 on a CPU."""
    is_ours = dtype == jnp.float32 and is_threefry_on_cpu(key, shape)
    return _normal(key, shape) if is_ours else plain_standard_normal(key, shape, dtype)


@partial(jax.jit, static_argnums=1, inline=True)
def _normal(key: Key, shape: Shape) -> Array:
    words = threefry(key, shape)
    one = np.float32(1.0)
    above_minus_one = np.nextafter(-one, np.float32(0.0))
    share = lax.bitcast_convert_type((words >> np.uint32(9)) | one.view(np.uint32), jnp.float32) - one  # in [0, 1)
    u = jnp.maximum(share * (one - above_minus_one) + above_minus_one, above_minus_one)
    draws = np.float32(math.sqrt(2.0)) * inverse_erf(u)
    return draws / hidden_one(words).astype(jnp.float32)


def inverse_erf(u: Array) -> Array:
    """erf⁻¹(u), float32, with a logarithm that XLA on CPU takes of several numbers at once (of log1p it does not)."""
    w = -jnp.log((1.0 - u) * (1.0 + u))
    is_central = w < 5.0
    t = jnp.where(is_central, w - 2.5, jnp.sqrt(w) - 3.0)
    quotient = jnp.zeros_like(u)
    for central, tail in zip(_CENTRE, _TAIL, strict=True):
        quotient = quotient * t + jnp.where(is_central, np.float32(central), np.float32(tail))
    return quotient * u
