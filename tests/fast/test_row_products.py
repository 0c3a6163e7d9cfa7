"""Products of rows with one matrix: those of NumPy, under every transformation, and as one product of matrices."""

import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxvae.fast.row_products import fast_row_products, plain_row_products, row_products
from tests.fast.rows import BATCH, DRAWS, EXPECTED, INPUTS, MATRIX, OUTPUTS, X, close, normal


@pytest.mark.parametrize("leading", [(), (BATCH,), (BATCH, DRAWS)])
def test_any_number_of_leading_axes(leading: tuple[int, ...]) -> None:
    x = normal(*leading, INPUTS)
    close(fast_row_products(x, MATRIX[0]), np.asarray(x) @ np.asarray(MATRIX[0]))


def over_rows_and_draws(x: jax.Array, matrix: jax.Array) -> jax.Array:
    one = jax.vmap(fast_row_products, (0, None))
    return jax.vmap(one, (0, None))(x, matrix)


def test_vmap_over_either_or_both() -> None:
    close(over_rows_and_draws(X[0], MATRIX[0]), EXPECTED[0])
    close(jax.vmap(over_rows_and_draws)(X, MATRIX), EXPECTED)
    close(jax.vmap(fast_row_products, (None, 0))(X[0], MATRIX), np.einsum("bki,mio->mbko", X[0], MATRIX))
    moved = jax.vmap(fast_row_products, (-1, None), -1)(X[0].transpose(0, 2, 1), MATRIX[0])
    close(moved.transpose(0, 2, 1), EXPECTED[0])
    matrix_last = jax.vmap(fast_row_products, (0, 2))(X, MATRIX.transpose(1, 2, 0))
    close(matrix_last, EXPECTED)


@pytest.mark.parametrize("product", [fast_row_products, over_rows_and_draws], ids=["plain", "vmap"])
def test_derivatives_of_both_modes_and_both_orders(product: Callable[..., jax.Array]) -> None:
    def of(x: Any, matrix: Any) -> jax.Array:
        return jnp.sin(product(x, matrix))

    check_grads(of, (X[0], MATRIX[0]), order=2, modes=("fwd", "rev"), eps=1e-2, rtol=0.02, atol=0.02)


def test_gradients_of_single_examples() -> None:
    """The gradient within `vmap`: each example's own, an outer product."""
    of_each = jax.vmap(jax.grad(lambda matrix, x: jnp.sum(fast_row_products(x, matrix) ** 2)), (None, 0))(
        MATRIX[0], X[0, 0]
    )
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
    gradient = jax.jit(jax.grad(lambda matrix: jnp.sum(weights * fast_row_products(x, matrix))))
    assert gradient.lower(matrix).as_text().count("optimization_barrier") == copies
    exact = np.asarray(x, np.float64).T @ np.asarray(weights, np.float64)
    np.testing.assert_allclose(gradient(matrix), exact, rtol=1e-4, atol=1e-3)
    several = jax.vmap(lambda scale: jax.grad(lambda m: jnp.sum(weights * fast_row_products(scale * x, m)))(matrix))
    np.testing.assert_allclose(several(jnp.array([1.0, 2.0]))[1], 2.0 * exact, rtol=1e-4, atol=1e-3)


def test_within_loops_and_checkpoints() -> None:
    def loss(matrix: jax.Array) -> jax.Array:
        return jnp.sum(jax.lax.map(jax.checkpoint(lambda x: fast_row_products(x, matrix)), X[0]) ** 3)

    close(jax.grad(loss)(MATRIX[0]), jax.grad(lambda matrix: jnp.sum((X[0] @ matrix) ** 3))(MATRIX[0]))


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32, jnp.float64])
def test_precision_is_that_of_the_arguments(dtype: Any) -> None:
    with jax.enable_x64(dtype == jnp.float64):
        found = fast_row_products(jnp.asarray(np.asarray(X[0]), dtype), jnp.asarray(np.asarray(MATRIX[0]), dtype))
        assert found.dtype == dtype
        np.testing.assert_allclose(found.astype(jnp.float32), EXPECTED[0], rtol=0.05, atol=0.05)


@pytest.mark.parametrize(
    ("x", "matrix"),
    [(X[0], MATRIX[0].T), (jnp.ones(()), MATRIX[0]), (X[0], X[0]), (X[0].astype(jnp.bfloat16), MATRIX[0])],
)
def test_shapes_that_do_not_fit_are_refused(x: jax.Array, matrix: jax.Array) -> None:
    with pytest.raises(TypeError, match="row_products takes"):
        row_products(x, matrix)


def test_rows_without_numbers() -> None:
    close(fast_row_products(jnp.zeros((2, 0)), jnp.zeros((0, 4))), np.zeros((2, 4)))


def test_both_forms_have_the_same_values_and_slopes() -> None:
    def of(form: Callable[..., jax.Array]) -> Any:
        over_batch = jax.vmap(form, (0, None))
        slopes = jax.grad(lambda rows, shared: jnp.sum(jnp.sin(over_batch(rows, shared))), (0, 1))
        return over_batch(X[0], MATRIX[0]), slopes(X[0], MATRIX[0])

    jax.tree.map(close, of(fast_row_products), of(plain_row_products))
