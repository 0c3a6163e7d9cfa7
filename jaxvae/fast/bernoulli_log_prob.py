"""The log-probability of a long binary event, with one logarithm for several of its components."""

import math

import jax
import jax.numpy as jnp

from jaxvae.fast.softplus import fast_softplus, plain_softplus
from jaxvae.fast.switch import is_fast
from jaxvae.typing import Array

_FACTORS = 16  # of one product, at most: each is at most 2
_LANES = 8  # products side by side that a processor multiplies at once


def bernoulli_log_prob(value: Array, logits: Array, event_ndim: int) -> Array:
    """log p(x) = Σ_d [ x_d l_d − softplus(l_d) ] over the last `event_ndim` axes, in nats, `[*batch]`.

    Args:
        value: x, of the rank of the logits; the two batches broadcast.
        logits: l, log-odds of a 1, `[*batch, *event]`.
        event_ndim: axes of one event.

    >>> float(bernoulli_log_prob(jnp.ones(2), jnp.zeros(2), 1))  # −2 log 2
    -1.386...
    """
    if not jnp.issubdtype(value.dtype, jnp.floating):
        value = value.astype(logits.dtype)  # which has slopes
    form = fast_bernoulli_log_prob if is_fast() else plain_bernoulli_log_prob
    return form(value, logits, event_ndim)


def plain_bernoulli_log_prob(value: Array, logits: Array, event_ndim: int) -> Array:
    """Σ_d [ x_d l_d − softplus(l_d) ]."""
    return jnp.sum(value * logits - plain_softplus(logits), axis=tuple(range(-event_ndim, 0)))


def fast_bernoulli_log_prob(value: Array, logits: Array, event_ndim: int) -> Array:
    """The same over flat events: XLA on CPU is slower where the innermost axis has one member, as of a grey image."""
    size = math.prod(logits.shape[logits.ndim - event_ndim :])
    flat = (array.reshape(*array.shape[: array.ndim - event_ndim], size) for array in (value, logits))
    return _of_flat(*flat)


@jax.custom_jvp
def _of_flat(value: Array, logits: Array) -> Array:
    """The sum over the last axis; a long one takes one logarithm for several components.

    Σ_d softplus(l_d) = Σ_d max(l_d, 0) + Σ_groups log Π_{d in group} (1 + e^−|l_d|)

    The product rounds each factor by 6e-8, which is what a sum of so many terms rounds by; logarithms are what the
    likelihood of binary pixels spends its time on.
    """
    size = logits.shape[-1]
    factors = next((n for n in range(_FACTORS, 1, -1) if size % (n * _LANES) == 0), None)
    if factors is None or logits.dtype != jnp.float32:
        return jnp.sum(value * logits - fast_softplus(logits), axis=-1)
    groups = (1.0 + jnp.exp(-jnp.abs(logits))).reshape(*logits.shape[:-1], factors, -1)
    linear = (value * logits - jnp.maximum(logits, 0.0)).reshape(groups.shape)
    return jnp.sum(jnp.sum(linear, axis=-2) - jnp.log(jnp.prod(groups, axis=-2)), axis=-1)


@_of_flat.defjvp
def _of_flat_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    (value, logits), (of_value, of_logits) = primals, tangents
    terms = (value - jax.nn.sigmoid(logits)) * of_logits + logits * of_value
    return _of_flat(value, logits), jnp.sum(terms, axis=-1)
