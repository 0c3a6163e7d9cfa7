"""Maps from the unbounded outputs of a network to the parameters of a distribution."""

import math

import jax
import jax.numpy as jnp

from jaxvae.typing import Array

_SOFTPLUS_INVERSE_OF_ONE = math.log(math.expm1(1.0))


def positive(raw: Array, minimum: float) -> Array:
    """minimum + softplus(raw + c), with c such that softplus(c) = 1: a fresh network starts at about 1.

    Its gradient is bounded, where that of exp grows with the value; `minimum` keeps the logarithm finite.
    """
    return minimum + jax.nn.softplus(raw + _SOFTPLUS_INVERSE_OF_ONE)


def inverse_positive(value: Array, minimum: float) -> Array:
    """The raw number of which `positive` makes `value`, for a value > minimum.

    >>> float(positive(inverse_positive(jnp.array(0.25), 0.001), 0.001))
    0.25
    """
    excess = value - minimum
    return excess + jnp.log(-jnp.expm1(-excess)) - _SOFTPLUS_INVERSE_OF_ONE  # log(expm1(excess)) without overflow
