"""Products of rows with one matrix: those of NumPy, under every transformation, and as one product of matrices."""

import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, PartitionSpec
from jax.test_util import check_grads

from jaxvae.networks.products import Dense, plus_bias, row_products

BATCH, DRAWS, MEMBERS, INPUTS, OUTPUTS = 4, 3, 2, 6, 5
RNG = np.random.default_rng(0)


def normal(*shape: int) -> jax.Array:
    return jnp.asarray(RNG.normal(size=shape), jnp.float32)


X, MATRIX = normal(MEMBERS, BATCH, DRAWS, INPUTS), normal(MEMBERS, INPUTS, OUTPUTS)
EXPECTED = np.einsum("mbki,mio->mbko", X, MATRIX)


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("leading", [(), (BATCH,), (BATCH, DRAWS)])
def test_any_number_of_leading_axes(leading: tuple[int, ...]) -> None:
    x = normal(*leading, INPUTS)
    close(row_products(x, MATRIX[0]), np.asarray(x) @ np.asarray(MATRIX[0]))


def over_rows_and_draws(x: jax.Array, matrix: jax.Array) -> jax.Array:
    one = jax.vmap(row_products, (0, None))
    return jax.vmap(one, (0, None))(x, matrix)


def test_vmap_over_either_or_both() -> None:
    close(over_rows_and_draws(X[0], MATRIX[0]), EXPECTED[0])
    close(jax.vmap(over_rows_and_draws)(X, MATRIX), EXPECTED)
    close(jax.vmap(row_products, (None, 0))(X[0], MATRIX), np.einsum("bki,mio->mbko", X[0], MATRIX))
    moved = jax.vmap(row_products, (-1, None), -1)(X[0].transpose(0, 2, 1), MATRIX[0])
    close(moved.transpose(0, 2, 1), EXPECTED[0])
    matrix_last = jax.vmap(row_products, (0, 2))(X, MATRIX.transpose(1, 2, 0))
    close(matrix_last, EXPECTED)


@pytest.mark.parametrize("product", [row_products, over_rows_and_draws], ids=["plain", "vmap"])
def test_derivatives_of_both_modes_and_both_orders(product: Callable[..., jax.Array]) -> None:
    def of(x: Any, matrix: Any) -> jax.Array:
        return jnp.sin(product(x, matrix))

    check_grads(of, (X[0], MATRIX[0]), order=2, modes=("fwd", "rev"), eps=1e-2, rtol=0.02, atol=0.02)


def test_gradients_of_single_examples() -> None:
    """The gradient within `vmap`: each example's own, an outer product."""
    of_each = jax.vmap(jax.grad(lambda matrix, x: jnp.sum(row_products(x, matrix) ** 2)), (None, 0))(MATRIX[0], X[0, 0])
    close(of_each, np.einsum("ki,ko->kio", X[0, 0], 2.0 * EXPECTED[0, 0]))


def test_the_gradient_of_the_matrix_is_one_product_without_a_transposed_copy() -> None:
    gradient = jax.grad(lambda matrix: jnp.sum(jnp.sin(over_rows_and_draws(X[0], matrix))))
    lowered = jax.jit(gradient).lower(MATRIX[0])
    products = re.findall(r"dot_general.*: \((.*)\) ->", lowered.as_text())
    rows = BATCH * DRAWS
    assert f"tensor<{INPUTS}x{rows}xf32>, tensor<{rows}x{OUTPUTS}xf32>" in products
    reference = jax.grad(lambda matrix: jnp.sum(jnp.sin(X[0] @ matrix)))
    close(jax.jit(gradient)(MATRIX[0]), reference(MATRIX[0]))


@pytest.mark.parametrize(("count", "outputs", "copies"), [(1024, 128, 1), (1023, 128, 0), (1024, 129, 0)])
def test_only_many_rows_of_few_outputs_are_copied_for_the_gradient(count: int, outputs: int, copies: int) -> None:
    x, weights, matrix = normal(count, INPUTS), normal(count, outputs), normal(INPUTS, outputs)
    gradient = jax.jit(jax.grad(lambda matrix: jnp.sum(weights * row_products(x, matrix))))
    assert gradient.lower(matrix).as_text().count("optimization_barrier") == copies
    exact = np.asarray(x, np.float64).T @ np.asarray(weights, np.float64)
    np.testing.assert_allclose(gradient(matrix), exact, rtol=1e-4, atol=1e-3)
    several = jax.vmap(lambda scale: jax.grad(lambda m: jnp.sum(weights * row_products(scale * x, m)))(matrix))
    np.testing.assert_allclose(several(jnp.array([1.0, 2.0]))[1], 2.0 * exact, rtol=1e-4, atol=1e-3)


def test_within_loops_and_checkpoints() -> None:
    def loss(matrix: jax.Array) -> jax.Array:
        return jnp.sum(jax.lax.map(jax.checkpoint(lambda x: row_products(x, matrix)), X[0]) ** 3)

    close(jax.grad(loss)(MATRIX[0]), jax.grad(lambda matrix: jnp.sum((X[0] @ matrix) ** 3))(MATRIX[0]))


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32, jnp.float64])
def test_precision_is_that_of_the_arguments(dtype: Any) -> None:
    with jax.enable_x64(dtype == jnp.float64):
        found = row_products(jnp.asarray(np.asarray(X[0]), dtype), jnp.asarray(np.asarray(MATRIX[0]), dtype))
        assert found.dtype == dtype
        np.testing.assert_allclose(found.astype(jnp.float32), EXPECTED[0], rtol=0.05, atol=0.05)


def test_flax_layers_have_the_parameters_and_the_outputs_of_flax() -> None:
    import flax.linen as nn

    params = nn.Dense(OUTPUTS).init(jax.random.key(0), X[0])
    close(Dense(OUTPUTS).apply(params, X[0]), nn.Dense(OUTPUTS).apply(params, X[0]))
    initial = Dense(OUTPUTS).init(jax.random.key(0), X[0])
    assert jax.tree.structure(params) == jax.tree.structure(initial)
    jax.tree.map(np.testing.assert_array_equal, params, initial)


@pytest.mark.parametrize(
    ("x", "matrix"),
    [(X[0], MATRIX[0].T), (jnp.ones(()), MATRIX[0]), (X[0], X[0]), (X[0].astype(jnp.bfloat16), MATRIX[0])],
)
def test_shapes_that_do_not_fit_are_refused(x: jax.Array, matrix: jax.Array) -> None:
    with pytest.raises(TypeError, match="row_products takes"):
        row_products(x, matrix)


BIAS = normal(MEMBERS, DRAWS, INPUTS)
WITH_BIAS = np.asarray(X) + np.asarray(BIAS)[:, None]


def biased_each(rows: jax.Array, bias: jax.Array) -> jax.Array:
    return jax.vmap(plus_bias, (0, None))(rows, bias)


def test_a_bias_of_any_shape_is_added_to_all_axes_before_its_own() -> None:
    close(plus_bias(X[0], BIAS[0]), WITH_BIAS[0])
    close(plus_bias(X[0], BIAS[0, 0]), np.asarray(X[0]) + np.asarray(BIAS[0, 0]))
    close(plus_bias(X[0], BIAS[0, 0, 0]), np.asarray(X[0]) + float(BIAS[0, 0, 0]))
    close(biased_each(X[0], BIAS[0]), WITH_BIAS[0])
    close(jax.vmap(biased_each)(X, BIAS), WITH_BIAS)
    close(jax.vmap(plus_bias, (None, 0))(X[0], BIAS), np.asarray(X[0]) + np.asarray(BIAS)[:, None])
    moved = jax.vmap(plus_bias, (-1, None), -1)(X[0].transpose(1, 2, 0), BIAS[0])
    close(moved.transpose(2, 0, 1), WITH_BIAS[0])


@pytest.mark.parametrize("add", [plus_bias, biased_each], ids=["plain", "vmap"])
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
        gradient = jax.jit(jax.grad(lambda bias, rows: jnp.sum(jnp.sin(plus_bias(rows, bias)))))
        return gradient.lower(jnp.zeros(width), jnp.zeros((count, width))).as_text().count("dot_general")

    assert products(512, 128) == 1
    assert products(512, 127) == products(511, 128) == 0


def test_rows_without_numbers() -> None:
    close(row_products(jnp.zeros((2, 0)), jnp.zeros((0, 4))), np.zeros((2, 4)))
    close(jax.grad(lambda bias: jnp.sum(plus_bias(jnp.zeros((2, 0)), bias)))(jnp.zeros(0)), np.zeros(0))
    close(jax.grad(lambda bias: jnp.sum(plus_bias(jnp.zeros((0, 3)), bias)))(jnp.zeros(3)), np.zeros(3))


@pytest.mark.parametrize("is_within", [True, False], ids=["gradient within", "gradient of it"])
def test_gradients_with_shard_map(is_within: bool) -> None:
    """Of weights that all devices share: JAX tells what varies over devices by its own operations."""
    mesh, (rows, shared) = jax.make_mesh((1,), ("data",), (AxisType.Auto,)), (PartitionSpec("data"), PartitionSpec())

    def loss(weights: Any, x: jax.Array) -> jax.Array:
        return jax.lax.pmean(jnp.sum(jnp.sin(plus_bias(row_products(x, weights[0]), weights[1]))), "data")

    weights, x = (MATRIX[0], jnp.ones(OUTPUTS)), X[0, 0]
    if is_within:
        of_rows: Any = jax.shard_map(jax.grad(loss), mesh=mesh, in_specs=(shared, rows), out_specs=shared)
    else:
        of_rows = jax.grad(jax.shard_map(loss, mesh=mesh, in_specs=(shared, rows), out_specs=shared))
    expected = jax.grad(lambda weights: jnp.sum(jnp.sin(x @ weights[0] + weights[1][None])))(weights)
    jax.tree.map(close, of_rows(weights, x), expected)


def test_gradients_of_the_biases_of_single_examples_and_of_members() -> None:
    of_each = jax.vmap(jax.grad(lambda bias, rows: jnp.sum(plus_bias(rows, bias) ** 2)), (None, 0))(BIAS[0], X[0])
    close(of_each, 2.0 * WITH_BIAS[0])
    of_members = jax.vmap(jax.grad(lambda bias, rows: jnp.sum(biased_each(rows, bias) ** 2)))(BIAS, X)
    close(of_members, 2.0 * WITH_BIAS.sum(1))


def test_two_biases_of_the_same_rows_have_one_sum() -> None:
    """Of the bias of a network and an offset in the shape of the data: summed once for both."""

    def loss(matrix: jax.Array, bias: jax.Array, offset: jax.Array) -> jax.Array:
        def one(x: jax.Array) -> jax.Array:
            outputs = plus_bias(row_products(x, matrix), bias)
            return jnp.sum(jnp.sin(plus_bias(outputs.reshape(OUTPUTS, 1), offset)))

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
