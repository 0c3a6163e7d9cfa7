"""The units of real-valued data: the center and the spread of training examples, which are not learned."""

import jax
import jax.numpy as jnp

from jaxvae.typing import Array, Params, Shape


def center_and_spread(examples: Array, axis: int | None) -> tuple[Array, Array]:
    """Mean and standard deviation over an axis, or of all numbers; a deviation that is only rounding becomes 1.

    >>> center, spread = center_and_spread(jnp.array([[1.0, 7.0], [3.0, 7.0]]), axis=0)
    >>> center.tolist(), spread.tolist()
    ([2.0, 7.0], [1.0, 1.0])
    """
    center, spread = jnp.mean(examples, axis), jnp.std(examples, axis)
    rounding = 100.0 * float(jnp.finfo(spread.dtype).eps) * jnp.max(jnp.abs(examples), axis)
    return center, jnp.where(spread > rounding, spread, 1.0)


def units_of(examples: Array | None, data_shape: Shape) -> Params:
    """`center` and `spread` under `fixed`: by column for tables, `data_shape`; one number each for images, `[]`.

    Without examples they are 0 and 1.
    """
    is_table = len(data_shape) < 2
    if examples is None:
        shape = data_shape if is_table else ()
        return {"fixed": {"center": jnp.zeros(shape), "spread": jnp.ones(shape)}}
    center, spread = center_and_spread(examples, 0 if is_table else None)
    return {"fixed": {"center": center, "spread": spread}}


def read(own: Params) -> tuple[Array | float, Array | float]:
    """Center and spread of a likelihood's own parameters; 0 and 1 if it has no units."""
    if "fixed" not in own:
        return 0.0, 1.0
    fixed = jax.lax.stop_gradient(own["fixed"])
    return fixed["center"], fixed["spread"]


def in_units(own: Params, x: Array) -> Array:
    """(x − center) / spread of one example, `data_shape`; x itself if a likelihood has no units."""
    center, spread = read(own)
    return (x - center) / spread
