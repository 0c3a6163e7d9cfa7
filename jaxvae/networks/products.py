"""Products of rows with one matrix and sums with one bias, for any axes before the last."""

import math
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.linen.dtypes import promote_dtype
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jax.sharding import AxisType

from jaxvae.typing import Array, ArrayLike, Key, Shape

# by measurements on a processor: outputs that are many, rows of which to sum a column costs more than a product, and
# rows of which a transposed copy pays
_WIDE, _LONG, _MANY = 128, 512, 1024


def row_products(x: Array, matrix: Array) -> Array:
    """x @ matrix, as one product of matrices for any number of axes before the last.

    y[…, o] = Σ_i x[…, i] matrix[i, o]

    `jnp.matmul` keeps each leading axis for itself, also those of `vmap`. The gradient of the matrix then sums over
    several axes, for which XLA on CPU first transposes what it sums over, often at the price of the product itself.
    Here the leading axes are one, and a copy is made only where it pays. Derivatives of all orders are those of the
    product.

    Args:
        x: `[…, inputs]`.
        matrix: `[inputs, outputs]`, of the dtype of `x`.

    Raises:
        TypeError: if the shapes or the dtypes do not fit.

    Example:
        >>> row_products(jnp.ones((4, 3, 2)), jnp.ones((2, 5))).shape
        (4, 3, 5)
    """
    return x @ matrix if _is_followed() else _rows.bind(x, matrix)


def _is_followed() -> bool:
    """Whether JAX follows where each axis lies, which it does through its own operations only.

    Within `shard_map`, and in a mesh whose axes are explicit, as those of `jax.make_mesh` are by default.
    """
    mesh = jax.sharding.get_abstract_mesh()
    return bool(mesh.manual_axes) or AxisType.Explicit in (mesh.axis_types or ())


def _merged(x: Array) -> Array:
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _products(x: Array, matrix: Array) -> Array:
    return (_merged(x) @ matrix).reshape(*x.shape[:-1], matrix.shape[-1])


def _shape(x: Any, matrix: Any) -> ShapedArray:
    if x.ndim < 1 or matrix.ndim != 2 or x.shape[-1] != matrix.shape[0] or x.dtype != matrix.dtype:
        raise TypeError(f"row_products takes […, n] and [n, m] of one dtype, got {x.str_short()}, {matrix.str_short()}")
    return ShapedArray((*x.shape[:-1], matrix.shape[-1]), x.dtype)


def _primitive(
    name: str, plain: Callable[[Array, Array], Array], shape: Callable[[Any, Any], ShapedArray]
) -> Primitive:
    """A primitive of rows and what they share; under `vmap`, an axis of the rows alone joins their other axes."""
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


def _sum_of_outer_products(x: Array, cotangent: Array) -> Array:
    """Σ_r x[r] cotangent[r]ᵀ, `[rows, inputs]` and `[rows, outputs]` → `[inputs, outputs]`.

    Of many rows with few outputs, as those of convolutions, XLA on CPU is faster with a transposed copy of x. Without
    the barrier it would fold the transposition into the product again.
    """
    transposed = x.T
    if jax.default_backend() == "cpu" and len(x) >= _MANY and cotangent.shape[1] <= _WIDE:
        transposed = jax.lax.optimization_barrier(transposed)
    return transposed @ cotangent


_rows = _primitive("row_products", _products, _shape)
ad.defbilinear(
    _rows,
    lambda cotangent, x, matrix: row_products(cotangent, matrix.T),
    lambda cotangent, x, matrix: _sum_of_outer_products(_merged(x), _merged(cotangent)),
)


def plus_bias(rows: Array, bias: Array) -> Array:
    """rows + bias, where the gradient of the bias is one sum over all axes before its own, of `vmap` too.

    y[…, o] = rows[…, o] + bias[o]

    With `+`, the gradient on its way to a product and to a bias is written twice, in the shape of each. Here all biases
    and the product read the same rows.

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
    return _plus(rows, bias) if _is_followed() else _biased.bind(rows, bias)


def _sum_of_rows(rows: Array) -> Array:
    """Σ_r rows[r, o], `[rows, outputs]` → `[outputs]`.

    XLA on CPU walks down each column of a long and wide array by itself, through memory. A product with a few rows of
    ones reads it in the order in which it lies there.
    """
    count, width = rows.shape
    if jax.default_backend() != "cpu" or count < _LONG or width < _WIDE or rows.dtype != jnp.float32:
        return jnp.sum(rows, axis=0)
    return (jnp.ones((4, count), rows.dtype) @ rows)[0]  # of one row it makes a product that is slow again


def _plus(rows: Array, bias: Array) -> Array:
    return rows + bias[(None,) * (rows.ndim - bias.ndim)]


def _shape_with_bias(rows: Any, bias: Any) -> ShapedArray:
    if bias.ndim > rows.ndim or bias.shape != rows.shape[rows.ndim - bias.ndim :] or rows.dtype != bias.dtype:
        raise TypeError(f"plus_bias takes […, *n] and [*n] of one dtype, got {rows.str_short()}, {bias.str_short()}")
    return ShapedArray(rows.shape, rows.dtype)


def _transposed_with_bias(cotangent: Array, rows: Any, bias: Any) -> tuple[Array, Array]:
    shape, leading = bias.aval.shape, rows.aval.shape[: rows.aval.ndim - bias.aval.ndim]
    return cotangent, _sum_of_rows(cotangent.reshape(math.prod(leading), math.prod(shape))).reshape(shape)


_biased = _primitive("plus_bias", _plus, _shape_with_bias)
ad.deflinear2(_biased, _transposed_with_bias)


def normal_weights(gain: ArrayLike) -> Callable[[Key, Shape, Any], Array]:
    """An initializer for Flax: weights N(0, gain² / fan-in), truncated at two standard deviations."""
    with_gain_one = nn.initializers.lecun_normal()
    return lambda key, shape, dtype: jnp.asarray(gain, dtype) * with_gain_one(key, shape, dtype)


class Dense(nn.Module):
    """Flax's dense layer by `row_products` and `plus_bias`: weights N(0, gain² / fan-in), truncated, and biases 0."""

    features: int
    gain: ArrayLike = 1.0
    param_dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """The layer at `x`, `[…, inputs]` → `[…, features]`."""
        shape = (x.shape[-1], self.features)
        kernel = self.param("kernel", normal_weights(self.gain), shape, self.param_dtype)
        bias = self.param("bias", nn.initializers.zeros, shape[1:], self.param_dtype)
        x, kernel, bias = promote_dtype(x, kernel, bias, dtype=None)
        return plus_bias(row_products(x, kernel), bias)
