"""Products of rows with one matrix, whatever axes `vmap` and images put before the last."""

from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from jaxvae.typing import Array


def row_products(x: Array, matrix: Array) -> Array:
    """x @ matrix, as one product of matrices however many axes stand before the last.

    y[…, o] = Σ_i x[…, i] matrix[i, o]

    `jnp.matmul` keeps each leading axis for itself, also those of `vmap`. The gradient of the matrix then sums over
    several axes, for which XLA on CPU first transposes what it sums over, often at the price of the product itself.
    Here the leading axes are one, and no copy is made. Derivatives of all orders are those of the product.

    Args:
        x: `[…, inputs]`.
        matrix: `[inputs, outputs]`, of the dtype of `x`.

    Raises:
        TypeError: if the shapes or the dtypes do not fit.

    Example:
        >>> row_products(jnp.ones((4, 3, 2)), jnp.ones((2, 5))).shape
        (4, 3, 5)
    """
    return _rows.bind(x, matrix)


def _merged(x: Array) -> Array:
    return x.reshape(-1, x.shape[-1])


def _products(x: Array, matrix: Array) -> Array:
    return (_merged(x) @ matrix).reshape(*x.shape[:-1], matrix.shape[-1])


def _shape(x: Any, matrix: Any) -> ShapedArray:
    if x.ndim < 1 or matrix.ndim != 2 or x.shape[-1] != matrix.shape[0] or x.dtype != matrix.dtype:
        raise TypeError(f"row_products takes […, n] and [n, m] of one dtype, got {x.str_short()}, {matrix.str_short()}")
    return ShapedArray((*x.shape[:-1], matrix.shape[-1]), x.dtype)


def _batched(arguments: tuple[Array, Array], axes: tuple[int | None, int | None]) -> tuple[Array, int]:
    """The rule of `vmap`: an axis of x alone joins the others; None stands for an argument without one."""
    (x, matrix), (axis, of_matrix) = arguments, axes
    if axis is not None and of_matrix is None:
        return row_products(jnp.moveaxis(x, axis, 0), matrix), 0
    return jax.vmap(_products, (axis, of_matrix))(x, matrix), 0


_rows = Primitive("row_products")
_rows.def_impl(jax.jit(_rows.bind))
_rows.def_abstract_eval(_shape)
mlir.register_lowering(_rows, mlir.lower_fun(_products, multiple_results=False))
batching.primitive_batchers[_rows] = _batched
ad.defbilinear(
    _rows,
    lambda cotangent, x, matrix: row_products(cotangent, matrix.T),
    lambda cotangent, x, matrix: _merged(x).T @ _merged(cotangent),
)


def _dot_general(x: Array, matrix: Array, dimension_numbers: Any, precision: Any = None) -> Array:
    """For Flax's dense layers, which contract the last axis with the first."""
    del dimension_numbers, precision
    return row_products(x, matrix)


Dense = partial(nn.Dense, dot_general=_dot_general)
"""Flax's dense layer by `row_products`."""
