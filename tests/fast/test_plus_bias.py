"""Rows plus one bias: the sum of NumPy, under every transformation, and one sum over rows on the way back."""

import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, PartitionSpec
from jax.test_util import check_grads

from jaxvae.fast.plus_bias import fast_plus_bias, plain_plus_bias, plus_bias
from jaxvae.fast.row_products import fast_row_products
from tests.fast.rows import BATCH, DRAWS, EXPECTED, INPUTS, MATRIX, MEMBERS, OUTPUTS, RNG, X, close, normal

BIAS = normal(MEMBERS, DRAWS, INPUTS)
WITH_BIAS = np.asarray(X) + np.asarray(BIAS)[:, None]


def biased_each(rows: jax.Array, bias: jax.Array) -> jax.Array:
    return jax.vmap(fast_plus_bias, (0, None))(rows, bias)


def test_a_bias_of_any_shape_is_added_to_all_axes_before_its_own() -> None:
    close(fast_plus_bias(X[0], BIAS[0]), WITH_BIAS[0])
    close(fast_plus_bias(X[0], BIAS[0, 0]), np.asarray(X[0]) + np.asarray(BIAS[0, 0]))
    close(fast_plus_bias(X[0], BIAS[0, 0, 0]), np.asarray(X[0]) + float(BIAS[0, 0, 0]))
    close(biased_each(X[0], BIAS[0]), WITH_BIAS[0])
    close(jax.vmap(biased_each)(X, BIAS), WITH_BIAS)
    close(jax.vmap(fast_plus_bias, (None, 0))(X[0], BIAS), np.asarray(X[0]) + np.asarray(BIAS)[:, None])
    moved = jax.vmap(fast_plus_bias, (-1, None), -1)(X[0].transpose(1, 2, 0), BIAS[0])
    close(moved.transpose(2, 0, 1), WITH_BIAS[0])


@pytest.mark.parametrize("add", [fast_plus_bias, biased_each], ids=["plain", "vmap"])
def test_derivatives_with_a_bias_of_both_modes_and_both_orders(add: Callable[..., jax.Array]) -> None:
    def of(rows: Any, bias: Any) -> jax.Array:
        return jnp.sin(add(rows, bias))

    check_grads(of, (X[0], BIAS[0]), order=2, modes=("fwd", "rev"), eps=1e-2, rtol=0.02, atol=0.02)


@pytest.mark.parametrize(("count", "width"), [(700, 130), (700, 5), (3, 130), (512, 128)])
def test_the_gradient_of_a_bias_is_the_sum_over_rows(count: int, width: int) -> None:
    """Whichever way they are summed: within the rounding of float32 of the sum in float64, over one axis or two."""
    weights, bias = RNG.normal(size=(2, count // 2, width)).astype(np.float32), jnp.zeros(width)
    gradient = jax.grad(lambda bias: jnp.sum(biased_each(jnp.zeros(weights.shape), bias) * weights))
    exact = weights.astype(np.float64).sum((0, 1))
    size = np.abs(weights).sum((0, 1))
    assert np.all(np.abs(jax.jit(gradient)(bias) - exact) < 2e-6 * size)


def test_only_long_and_wide_rows_are_summed_by_a_product() -> None:
    def products(count: int, width: int) -> int:
        gradient = jax.jit(jax.grad(lambda bias, rows: jnp.sum(jnp.sin(fast_plus_bias(rows, bias)))))
        return gradient.lower(jnp.zeros(width), jnp.zeros((count, width))).as_text().count("dot_general")

    assert products(512, 128) == 1
    assert products(512, 127) == products(511, 128) == 0


def test_biases_of_no_rows_and_of_no_numbers() -> None:
    close(jax.grad(lambda bias: jnp.sum(fast_plus_bias(jnp.zeros((2, 0)), bias)))(jnp.zeros(0)), np.zeros(0))
    close(jax.grad(lambda bias: jnp.sum(fast_plus_bias(jnp.zeros((0, 3)), bias)))(jnp.zeros(3)), np.zeros(3))


@pytest.mark.parametrize("is_within", [True, False], ids=["gradient within", "gradient of it"])
def test_gradients_with_shard_map(is_within: bool) -> None:
    """Of weights that all devices share: JAX tells what varies over devices by its own operations."""
    mesh, (rows, shared) = jax.make_mesh((1,), ("data",), (AxisType.Auto,)), (PartitionSpec("data"), PartitionSpec())

    def loss(weights: Any, x: jax.Array) -> jax.Array:
        return jax.lax.pmean(jnp.sum(jnp.sin(fast_plus_bias(fast_row_products(x, weights[0]), weights[1]))), "data")

    weights, x = (MATRIX[0], jnp.ones(OUTPUTS)), X[0, 0]
    if is_within:
        of_rows: Any = jax.shard_map(jax.grad(loss), mesh=mesh, in_specs=(shared, rows), out_specs=shared)
    else:
        of_rows = jax.grad(jax.shard_map(loss, mesh=mesh, in_specs=(shared, rows), out_specs=shared))
    expected = jax.grad(lambda weights: jnp.sum(jnp.sin(x @ weights[0] + weights[1][None])))(weights)
    jax.tree.map(close, of_rows(weights, x), expected)


def test_gradients_of_the_biases_of_single_examples_and_of_members() -> None:
    of_each = jax.vmap(jax.grad(lambda bias, rows: jnp.sum(fast_plus_bias(rows, bias) ** 2)), (None, 0))(BIAS[0], X[0])
    close(of_each, 2.0 * WITH_BIAS[0])
    of_members = jax.vmap(jax.grad(lambda bias, rows: jnp.sum(biased_each(rows, bias) ** 2)))(BIAS, X)
    close(of_members, 2.0 * WITH_BIAS.sum(1))


def test_two_biases_of_the_same_rows_have_one_sum() -> None:
    """Of the bias of a network and an offset in the shape of the data: summed once for both."""

    def loss(matrix: jax.Array, bias: jax.Array, offset: jax.Array) -> jax.Array:
        def one(x: jax.Array) -> jax.Array:
            outputs = fast_plus_bias(fast_row_products(x, matrix), bias)
            return jnp.sum(jnp.sin(fast_plus_bias(outputs.reshape(OUTPUTS, 1), offset)))

        return jnp.sum(jax.vmap(jax.vmap(one))(X[0]))

    arguments = MATRIX[0], jnp.zeros(OUTPUTS), jnp.zeros((OUTPUTS, 1))
    text = jax.jit(jax.grad(loss, (0, 1, 2))).lower(*arguments).compile().as_text()
    assert len(re.findall(r" reduce\(", text)) == 1  # of both biases
    matrix, bias, offset = jax.grad(loss, (0, 1, 2))(*arguments)
    cosine = np.cos(EXPECTED[0])
    close(matrix, np.einsum("bki,bko->io", X[0], cosine))
    close(bias, cosine.sum((0, 1)))
    close(offset[:, 0], cosine.sum((0, 1)))


@pytest.mark.parametrize("bias", [jnp.ones(INPUTS + 1), jnp.ones((1, 1, 1, INPUTS)), jnp.ones((BATCH, 1))])
def test_biases_that_do_not_fit_are_refused(bias: jax.Array) -> None:
    with pytest.raises(TypeError, match="plus_bias takes"):
        plus_bias(X[0], bias)


def test_both_forms_have_the_same_values_and_slopes() -> None:
    def of(form: Callable[..., jax.Array]) -> Any:
        over_batch = jax.vmap(form, (0, None))
        slopes = jax.grad(lambda rows, shared: jnp.sum(jnp.sin(over_batch(rows, shared))), (0, 1))
        return over_batch(X[0], BIAS[0]), slopes(X[0], BIAS[0])

    jax.tree.map(close, of(fast_plus_bias), of(plain_plus_bias))
