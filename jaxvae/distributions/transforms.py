"""Maps from the unbounded outputs of a network to the parameters of a distribution."""

import math

import jax.numpy as jnp

from jaxvae.fast import softplus
from jaxvae.typing import Array

_SOFTPLUS_INVERSE_OF_ONE = math.log(math.expm1(1.0))
_ZERO_LENGTH = 1e-15  # the square of a smaller length is lost in float32


def positive(raw: Array, minimum: float) -> Array:
    """minimum + softplus(raw + c), where softplus(c) = 1: a new network starts at about 1.

    Its gradient is bounded, while that of exp grows with the value; `minimum` keeps the logarithm finite.
    """
    return minimum + softplus(raw + _SOFTPLUS_INVERSE_OF_ONE)


def inverse_positive(value: Array, minimum: float) -> Array:
    """The raw number that `positive` maps to `value`, for a value > minimum.

    >>> round(float(positive(inverse_positive(jnp.array(0.25), 0.001), 0.001)), 6)
    0.25
    """
    excess = value - minimum
    return excess + jnp.log(-jnp.expm1(-excess)) - _SOFTPLUS_INVERSE_OF_ONE  # log(expm1(excess)) without overflow


def unit_vector(raw: Array) -> Array:
    """raw / ‖raw‖ over the last axis; if raw is 0, the first unit vector, with a gradient of 0.

    >>> unit_vector(jnp.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6..., 0.8...], [1.0, 0.0]]
    """
    is_zero = jnp.sum(raw**2, axis=-1, keepdims=True) < _ZERO_LENGTH**2
    first = jnp.zeros_like(raw).at[..., 0].set(1.0)
    safe = jnp.where(is_zero, first, raw)  # before the root as well: its gradient at 0 is infinite
    return safe / jnp.linalg.norm(safe, axis=-1, keepdims=True)
