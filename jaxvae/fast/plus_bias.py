"""Sums of rows with one bias, whose gradient is one sum over all axes before its own."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import ShapedArray
from jax.interpreters import ad

from jaxvae.fast.row_primitive import is_followed, row_primitive
from jaxvae.fast.switch import is_fast
from jaxvae.typing import Array

_WIDE, _LONG = 128, 512  # columns and rows from which to sum a column costs more than a product, as measured


def plus_bias(rows: Array, bias: Array) -> Array:
    """rows + bias: y[…, o] = rows[…, o] + bias[o].

    Args:
        rows: `[…, *outputs]`.
        bias: `[*outputs]`.

    Raises:
        TypeError: if the shapes do not fit.

    Example:
        >>> plus_bias(jnp.zeros((2, 3)), jnp.arange(3.0)).tolist()
        [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]
    """
    dtype = jnp.result_type(rows, bias)
    rows, bias = jnp.asarray(rows, dtype), jnp.asarray(bias, dtype)
    if bias.ndim > rows.ndim or bias.shape != rows.shape[rows.ndim - bias.ndim :]:
        of_rows, of_bias = jax.typeof(rows).str_short(), jax.typeof(bias).str_short()
        raise TypeError(f"plus_bias takes […, *n] and [*n], got {of_rows}, {of_bias}")
    return fast_plus_bias(rows, bias) if is_fast() else plain_plus_bias(rows, bias)


def plain_plus_bias(rows: Array, bias: Array) -> Array:
    """Rows + bias."""
    return rows + bias[(None,) * (rows.ndim - bias.ndim)]


def fast_plus_bias(rows: Array, bias: Array) -> Array:
    """The same, where the gradient of the bias is one sum over all axes before its own, of `vmap` too.

    With `+`, the gradient on its way to a product and to a bias is written twice, in the shape of each. Here all biases
    and the product read the same rows. Where JAX follows each axis itself, this is the plain sum.
    """
    return plain_plus_bias(rows, bias) if is_followed() else _biased.bind(rows, bias)


def _shape(rows: Any, bias: Any) -> ShapedArray:
    del bias
    return ShapedArray(rows.shape, rows.dtype)


def _transposed(cotangent: Array, rows: Any, bias: Any) -> tuple[Array, Array]:
    shape, leading = bias.aval.shape, rows.aval.shape[: rows.aval.ndim - bias.aval.ndim]
    return cotangent, _sum_of_rows(cotangent.reshape(math.prod(leading), math.prod(shape))).reshape(shape)


def _sum_of_rows(rows: Array) -> Array:
    """Σ_r rows[r, o], `[rows, outputs]` → `[outputs]`.

    XLA on CPU walks down each column of a long and wide array by itself, through memory. A product with a few rows of
    ones reads it in the order in which it lies there.
    """
    count, width = rows.shape
    if jax.default_backend() != "cpu" or count < _LONG or width < _WIDE or rows.dtype != jnp.float32:
        return jnp.sum(rows, axis=0)
    return (jnp.ones((4, count), rows.dtype) @ rows)[0]  # of one row it makes a product that is slow again


_biased = row_primitive("plus_bias", plain_plus_bias, _shape)
ad.deflinear2(_biased, _transposed)
