"""Products of rows with one matrix, with any axes that `vmap` and images put before the last."""

from typing import Any

import jax
from jax.core import ShapedArray
from jax.interpreters import ad

from jaxvae.fast.row_primitive import is_followed, merged, row_primitive
from jaxvae.fast.switch import is_fast
from jaxvae.typing import Array

_WIDE, _MANY = 128, 1024  # outputs that are many, and rows of which a transposed copy pays, as measured on a processor


def row_products(x: Array, matrix: Array) -> Array:
    """x @ matrix: y[…, o] = Σ_i x[…, i] matrix[i, o].

    Args:
        x: `[…, inputs]`.
        matrix: `[inputs, outputs]`, of the dtype of `x`.

    Raises:
        TypeError: if the shapes or the dtypes do not fit.

    Example:
        >>> row_products(jax.numpy.ones((4, 3, 2)), jax.numpy.ones((2, 5))).shape
        (4, 3, 5)
    """
    _check(x, matrix)
    return fast_row_products(x, matrix) if is_fast() else plain_row_products(x, matrix)


def plain_row_products(x: Array, matrix: Array) -> Array:
    """x @ matrix."""
    return x @ matrix


def fast_row_products(x: Array, matrix: Array) -> Array:
    """The same as one product of matrices, with any number of axes before the last.

    `jnp.matmul` keeps each leading axis for itself, also those of `vmap`. The gradient of the matrix then sums over
    several axes, for which XLA on CPU first transposes what it sums over, often at the price of the product itself.
    Here the leading axes are one, and a copy is made only where it pays. Derivatives of all orders are those of the
    product. Where JAX follows each axis itself, this is the plain product.
    """
    return plain_row_products(x, matrix) if is_followed() else _rows.bind(x, matrix)


def _check(x: Array, matrix: Array) -> None:
    of_x, of_matrix = jax.typeof(x), jax.typeof(matrix)
    if of_x.ndim < 1 or of_matrix.ndim != 2 or of_x.shape[-1] != of_matrix.shape[0] or of_x.dtype != of_matrix.dtype:
        raise TypeError(
            f"row_products takes […, n] and [n, m] of one dtype, got {of_x.str_short()}, {of_matrix.str_short()}"
        )


def _shape(x: Any, matrix: Any) -> ShapedArray:
    return ShapedArray((*x.shape[:-1], matrix.shape[-1]), x.dtype)


def _products(x: Array, matrix: Array) -> Array:
    return (merged(x) @ matrix).reshape(*x.shape[:-1], matrix.shape[-1])


def _sum_of_outer_products(x: Array, cotangent: Array) -> Array:
    """Σ_r x[r] cotangent[r]ᵀ, `[rows, inputs]` and `[rows, outputs]` → `[inputs, outputs]`.

    Of many rows with few outputs, as those of convolutions, XLA on CPU is faster with a transposed copy of x. Without
    the barrier it would fold the transposition into the product again.
    """
    transposed = x.T
    if jax.default_backend() == "cpu" and len(x) >= _MANY and cotangent.shape[1] <= _WIDE:
        transposed = jax.lax.optimization_barrier(transposed)
    return transposed @ cotangent


_rows = row_primitive("row_products", _products, _shape)
ad.defbilinear(
    _rows,
    lambda cotangent, x, matrix: fast_row_products(cotangent, matrix.T),
    lambda cotangent, x, matrix: _sum_of_outer_products(merged(x), merged(cotangent)),
)
