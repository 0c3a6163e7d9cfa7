"""Means over the examples of a batch, without its padding."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxvae.typing import Array, Key, Metrics


def masked_mean(values: Array, mask: Array) -> Array:
    """The mean over the first axis of the members that `mask` keeps; 0 where it keeps none.

    >>> float(masked_mean(jnp.array([1.0, 3.0, jnp.nan]), jnp.array([True, True, False])))
    2.0
    """
    kept = jnp.where(mask.reshape(mask.shape + (1,) * (values.ndim - 1)), values, 0.0)
    return jnp.sum(kept, axis=0) / jnp.maximum(jnp.sum(mask), 1).astype(values.dtype)


def batch_loss(
    bound: Callable[[Key, Array], tuple[Array, Metrics]], keys: Key, x: Array, mask: Array
) -> tuple[Array, Metrics]:
    """Minus the mean of a per-example bound over a batch, and the means of its metrics, padding left out.

    Args:
        bound: from `(key, x)` of one example to the value to maximise and metrics.
        keys: `[batch]`.
        x: `[batch, *data_shape]`.
        mask: `[batch]` bool.
    """
    values, metrics = jax.vmap(bound)(keys, x)
    loss = -masked_mean(values, mask)
    means = {name: masked_mean(metric, mask) for name, metric in metrics.items()}
    return loss, {"loss": loss, **means}
