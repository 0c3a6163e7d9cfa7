"""Numerically careful functions that several places share."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp

from jaxvae.typing import Array

HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
"""½ log 2π, of the normal density."""

SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)
"""The smallest normal number: a processor may treat smaller ones as 0."""


def log_mean_exp(values: Array, axis: int = 0) -> Array:
    """log (1/K Σ_k exp(values_k)) along an axis of K members, without overflow.

    >>> log_mean_exp(jnp.array([1000.0, 1000.0])).tolist()
    1000.0
    """
    return logsumexp(values, axis=axis) - jnp.log(jnp.asarray(values.shape[axis], values.dtype))


def power_mean(log_values: Array, power: Array | float) -> Array:
    """log M_s, M_s = ((1/K) Σ_k exp(s log_values_k))^(1/s), along the only axis, for any s; the geometric mean at 0.

    log M_s = c + (1/s) log1p((1/K) Σ_k expm1(s (log_values_k − c))), for any c. For small s nothing cancels
    with c inside the values; for large s only with c = log M_s: so it is computed twice.

    >>> values = jnp.array([-1e4, 0.0])
    >>> [round(float(power_mean(values, s)), 2) for s in (1.0, 9e-4, 0.0)]  # log ½, …, the mean
    [-0.69, -770.03, -5000.0]
    """
    power = jnp.asarray(power, log_values.dtype)
    s = jnp.where(power == 0.0, 1.0, power)
    largest = jax.lax.stop_gradient(jnp.where(s > 0.0, jnp.max(log_values), jnp.min(log_values)))  # of s · log_values
    is_finite = jnp.isfinite(largest)
    u = s * (log_values - jnp.where(is_finite, largest, 0.0))
    first = jax.lax.stop_gradient(jnp.log1p(jnp.mean(jnp.expm1(u))))
    again = jnp.log1p(jnp.mean(jnp.expm1(u - first)))
    mean = jnp.mean(log_values)
    half_variance = 0.5 * jnp.var(jnp.where(jnp.isfinite(mean), log_values, 0.0))  # the slope by s at 0
    at_zero = mean + jnp.where(jnp.isfinite(half_variance), half_variance, 0.0) * power
    return jnp.where(power == 0.0, at_zero, jnp.where(is_finite, largest + (first + again) / s, largest))


def error_of_log_mean_exp(values: Array) -> Array:
    """The standard error of `log_mean_exp` of K independent draws, to first order: std(exp(values)) / mean / √K.

    >>> float(error_of_log_mean_exp(jnp.log(jnp.array([1.0, 3.0]))))  # √2 / 2 / √2
    0.5
    """
    ratios = jnp.exp(values - log_mean_exp(values))
    return jnp.std(ratios, ddof=1) / jnp.sqrt(jnp.asarray(len(values), values.dtype))
