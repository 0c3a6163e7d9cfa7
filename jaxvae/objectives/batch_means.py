"""Means over the examples of a batch, without its padding."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxvae.model import Model
from jaxvae.observation import Example
from jaxvae.typing import Array, Key, Metrics


def masked_mean(values: Array, mask: Array) -> Array:
    """The mean over the first axis of the members that `mask` keeps; 0 where it keeps none.

    >>> float(masked_mean(jnp.array([1.0, 3.0, jnp.nan]), jnp.array([True, True, False])))
    2.0
    """
    kept = jnp.where(mask.reshape(mask.shape + (1,) * (values.ndim - 1)), values, 0.0)
    return jnp.sum(kept, axis=0) / jnp.maximum(jnp.sum(mask), 1).astype(values.dtype)


def over_examples(model: Model, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of `(model, key, x, …)` of ONE example, which the model is `given`, for a batch.

    Returns:
        A function of `(keys, examples, …)`, each with a leading axis `[batch]`: every example has its own noise.
    """

    def one(key: Key, example: Example, *others: Any) -> Any:
        given, x = model.given(example, key)
        return function(given, key, x, *others)

    return jax.vmap(one)


def batch_loss(
    bound: Callable[..., tuple[Array, Metrics]], model: Model, keys: Key, x: Example, mask: Array
) -> tuple[Array, Metrics]:
    """Minus the mean of a per-example bound over a batch, and the means of its metrics, padding left out.

    Args:
        bound: from `(model, key, x)` of one example to the value to maximise and metrics.
        model: the model, before it is `given` an example.
        keys: `[batch]`.
        x: examples with a leading axis `[batch]`.
        mask: `[batch]` bool.
    """
    values, metrics = over_examples(model, bound)(keys, x)
    loss = -masked_mean(values, mask)
    means = {name: masked_mean(metric, mask) for name, metric in metrics.items()}
    return loss, {"loss": loss, **means}
