"""Shared parts of the adapters for modules of other libraries."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import traverse_util

from jaxvae import import_path
from jaxvae.errors import UserError
from jaxvae.typing import Array, Params, PyTree, Shape


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")


def nested_dict(arrays: PyTree, dtype: Any) -> Params:
    """The leaves of a pytree in `dtype`, as a plain nested dict whose keys are their paths.

    >>> nested_dict({"layers": [1.0, 2.0]}, "float32")
    {'layers': {'0': Array(1., dtype=float32), '1': Array(2., dtype=float32)}}
    """
    leaves = jax.tree_util.tree_leaves_with_path(arrays)
    return traverse_util.unflatten_dict({_name(path): jnp.asarray(leaf, dtype) for path, leaf in leaves}, sep="/")


def filled(like: PyTree, params: Params) -> PyTree:
    """The inverse of `nested_dict`: a pytree of the structure of `like` with the leaves of `params`."""
    leaves = traverse_util.flatten_dict(params, sep="/")
    return jax.tree_util.tree_map_with_path(lambda path, _: leaves[_name(path)], like)


def imported(owner: object, build: Any) -> Callable[..., Any]:
    """`build` itself, or the object at its import path.

    Raises:
        UserError: if there is nothing, or it cannot be called.
    """
    found, reason = build, ""
    if isinstance(build, str):
        try:
            found = import_path.imported(build, "it")
        except UserError as error:
            found, reason = None, f": {error}"
    if not callable(found):
        raise UserError(
            f"{type(owner).__name__}.build must be a function or a class, or its import path my_module.build, got "
            f"{build!r}{reason}"
        )
    return found


def check_built(owner: object, module: Any, wanted: type) -> None:
    """Check that `build` returned a module.

    Raises:
        UserError: for anything else.
    """
    if not isinstance(module, wanted):
        library = wanted.__module__.split(".")[0]
        raise UserError(
            f"{type(owner).__name__}.build must return a {wanted.__name__} of {library}, got {type(module).__name__}"
        )


def check_learned(owner: object, others: list[str]) -> None:
    """Check that a module holds only learned arrays.

    Raises:
        UserError: naming its other arrays.
    """
    if others:
        raise UserError(
            f"{type(owner).__name__}.build must return a function of the input and of learned numbers alone, got a "
            f"module that also holds {', '.join(others)}: leave out dropout, batch statistics and integer arrays"
        )


def call(owner: object, module: Callable[[Array], Any], x: Array, output_shape: Shape) -> Array:
    """The output of a module, reshaped.

    Raises:
        UserError: if it does not have as many numbers as `output_shape`.
    """
    output, size = jnp.asarray(module(x)), math.prod(output_shape)
    if output.size != size:
        raise UserError(
            f"{type(owner).__name__}.build must return a module that puts out {size} numbers, for the output shape "
            f"{output_shape}; got the shape {output.shape}"
        )
    return output.reshape(output_shape)
