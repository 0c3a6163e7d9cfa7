"""A primitive of JAX for rows and what they share, to which all axes before the last are one."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import batching, mlir
from jax.sharding import AxisType

from jaxvae.typing import Array


def row_primitive(
    name: str, plain: Callable[[Array, Array], Array], shape: Callable[[Any, Any], ShapedArray]
) -> Primitive:
    """A primitive of rows and what they share; under `vmap`, an axis of the rows alone joins their other axes.

    Args:
        name: as traces show it.
        plain: what it computes.
        shape: of the result, by those of both arguments.
    """
    primitive = Primitive(name)

    def batched(arguments: tuple[Array, Array], axes: tuple[int | None, int | None]) -> tuple[Array, int]:
        (rows, shared), (axis, of_shared) = arguments, axes  # None stands for an argument without one
        if axis is not None and of_shared is None:
            return primitive.bind(jnp.moveaxis(rows, axis, 0), shared), 0
        return jax.vmap(plain, (axis, of_shared))(rows, shared), 0

    primitive.def_impl(jax.jit(primitive.bind))
    primitive.def_abstract_eval(shape)
    mlir.register_lowering(primitive, mlir.lower_fun(plain, multiple_results=False))
    batching.primitive_batchers[primitive] = batched
    return primitive


def merged(x: Array) -> Array:
    """All axes before the last as one: `[…, n]` → `[rows, n]`."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def is_followed() -> bool:
    """Whether JAX follows where each axis lies, which it does through its own operations only.

    Within `shard_map`, and in a mesh whose axes are explicit, as those of `jax.make_mesh` are by default.
    """
    mesh = jax.sharding.get_abstract_mesh()
    return bool(mesh.manual_axes) or AxisType.Explicit in (mesh.axis_types or ())
