"""Building blocks of the mass functions of counts, accurate where differences of log Γ cancel.

log Γ(x + 1) of a count of 10,000 is 82,109. A mass function takes the difference of several such numbers, and float32
then keeps nothing below 0.01 nats. Each mass function here is a sum of the terms below, and no term is much larger than
the result (Loader 2000, "Fast and accurate computation of binomial probabilities").
"""

import math

import jax
import jax.numpy as jnp

from jaxvae.typing import Array

_NEAR = 0.1  # |mean − x| / (mean + x) below which the series replaces the logarithm, which cancels there
_SERIES_TERMS = 8  # the first one left out is 0.1^18 of the first
_LARGE = 10.0  # from here on Stirling's series is exact to 1e-16 by the terms below
_HALF_RATIO = (-1 / 8, 1 / 192, -1 / 640, 17 / 14_336, -31 / 18_432, 691 / 180_224)
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def deviance(x: Array, mean: Array, difference: Array) -> Array:
    """x log(x / mean) + mean − x ≥ 0, with 0 log 0 = 0: the KL of two Poisson distributions, the core of the others.

    Args:
        x: ≥ 0.
        mean: > 0.
        difference: mean − x, if the caller can compute it without cancellation.
    """
    total = x + mean
    near = jnp.abs(difference) < _NEAR * total
    small = jnp.where(near, difference, 0.0)
    v = small / jnp.where(near, total, 1.0)
    series = sum(v ** (2 * j) / (2 * j + 1) for j in range(1, _SERIES_TERMS + 1))
    has_logarithm = ~near & (x > 0.0)
    far = jnp.where(has_logarithm, x, 1.0)
    logarithm = jnp.where(has_logarithm, far * jnp.log(far / jnp.where(has_logarithm, mean, 1.0)), 0.0)
    return jnp.where(near, small * v - 2.0 * x * v * series, logarithm + difference)


def log_gamma_half_ratio(x: Array) -> Array:
    """log Γ(x + ½) − log Γ(x) − ½ log x for x > 0, which is −1 / (8x) + … for large x.

    >>> round(float(log_gamma_half_ratio(jnp.array(0.5))), 4)  # −½ log ½π
    -0.2258
    """
    is_large = x >= _LARGE
    large, small = jnp.where(is_large, x, _LARGE), jnp.where(is_large, 1.0, x)
    series = jnp.polyval(jnp.asarray(_HALF_RATIO[::-1], x.dtype), large**-2.0) / large
    # ½ log x falls together with the ½ log of Γ(x) = Γ(x + 1) / x, which is infinite at 0
    direct = jax.lax.lgamma(small + 0.5) - jax.lax.lgamma(small + 1.0) + 0.5 * jnp.log(small)
    return jnp.where(is_large, series, direct)


def stirling_remainder(x: Array) -> Array:
    """log Γ(x + 1) − (x log x − x), which is 0 at 0 and ½ log 2πx + 1 / (12 x) − … for large x ≥ 0."""
    is_large = x >= _LARGE
    large = jnp.where(is_large, x, _LARGE)
    series = jnp.polyval(jnp.asarray(_STIRLING[::-1], x.dtype), large**-2.0) / large
    small = jnp.where(is_large, 1.0, x)
    positive = jnp.where(small > 0.0, small, 1.0)
    direct = jnp.where(small > 0.0, jax.lax.lgamma(small + 1.0) - small * jnp.log(positive) + small, 0.0)
    return jnp.where(is_large, 0.5 * jnp.log(2.0 * math.pi * large) + series, direct)
