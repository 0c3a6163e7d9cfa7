"""Numerically careful functions that several places share."""

import jax.numpy as jnp
from jax.scipy.special import logsumexp

from jaxvae.typing import Array


def log_mean_exp(values: Array, axis: int = 0) -> Array:
    """log (1/K Σ_k exp(values_k)) along an axis of K members, without overflow.

    >>> log_mean_exp(jnp.array([1000.0, 1000.0])).tolist()
    1000.0
    """
    return logsumexp(values, axis=axis) - jnp.log(jnp.asarray(values.shape[axis], values.dtype))
