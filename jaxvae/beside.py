"""Numbers that a network sees beside its input."""

import jax.numpy as jnp

from jaxvae.typing import Array


def beside(value: Array, *others: Array) -> Array:
    """An input with further numbers at the end of its last axis; a vector is repeated at every pixel of an image.

    >>> beside(jnp.zeros((4, 5, 3)), jnp.ones(2)).shape, beside(jnp.zeros(3), jnp.ones(2)).shape
    ((4, 5, 5), (5,))
    """
    shape = value.shape[:-1]
    return jnp.concatenate([value, *(jnp.broadcast_to(one, (*shape, one.shape[-1])) for one in others)], axis=-1)
