"""Draws of binomial counts and of beta variables that keep their digits at any size."""

import jax
import jax.numpy as jnp

from jaxvae.typing import Array, Key

_MOST_TRIALS = 2.0**20  # up to here JAX's rejection sampler is accurate


def sample_beta(key: Key, alpha: Array, beta: Array) -> Array:
    """A draw γ_α / (γ_α + γ_β) of gamma variables; no gradient passes through it.

    JAX takes the difference of their logarithms. For large parameters these are large numbers, and their rounding
    exceeds the variation of the draw.
    """
    small_key, alpha_key, beta_key = jax.random.split(key, 3)
    is_small = (alpha < 1.0) | (beta < 1.0)
    small = jax.random.beta(small_key, jnp.where(is_small, alpha, 1.0), jnp.where(is_small, beta, 1.0))
    first = jax.random.gamma(alpha_key, jnp.where(is_small, 1.0, alpha))
    second = jax.random.gamma(beta_key, jnp.where(is_small, 1.0, beta))
    return jax.lax.stop_gradient(jnp.where(is_small, small, first / (first + second)))


def sample_binomial(key: Key, total_count: Array, probability: Array) -> Array:
    """A draw of binomial counts in the dtype of the probability; no gradient passes through it.

    JAX's rejection sampler loses its digits from 1e7 trials on. For more than 2²⁰ trials this draws the median of as
    many uniform variables. It shows how many trials of one half succeed; the other half is drawn in the same way.
    Devroye 1986, "Non-uniform random variate generation", section X.4.3.

    Args:
        key: for the draw.
        total_count: n ≥ 0, of the shape of the draw.
        probability: of the same shape.
    """

    def is_many(state: tuple[Array, Array, Array, Key]) -> Array:
        return jnp.any(state[1] > _MOST_TRIALS)

    def halve(state: tuple[Array, Array, Array, Key]) -> tuple[Array, Array, Array, Key]:
        count, n, p, key = state
        key, below_key, above_key = jax.random.split(key, 3)
        goes_on = n > _MOST_TRIALS
        many = jnp.where(goes_on, n, _MOST_TRIALS)
        rank = jnp.floor(0.5 * many) + 1.0
        first, second = (
            jax.random.gamma(key, shape) for key, shape in ((below_key, rank), (above_key, many + 1.0 - rank))
        )
        middle = first / (first + second)  # of n uniform variables, the one of that rank
        is_below = middle <= p  # all up to the middle one succeed
        p_now = jnp.where(is_below, (p - middle) / (1.0 - middle), p / middle)
        n_now = jnp.where(is_below, n - rank, rank - 1.0)
        count = jnp.where(goes_on & is_below, count + rank, count)
        return count, jnp.where(goes_on, n_now, n), jnp.where(goes_on, p_now, p), key

    n, p = jax.lax.stop_gradient((total_count, probability))
    count, n, p, key = jax.lax.while_loop(is_many, halve, (jnp.zeros_like(p), n, p, key))
    return count + jax.random.binomial(key, n, p).astype(p.dtype)
