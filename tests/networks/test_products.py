"""Products of rows with one matrix: those of NumPy, under every transformation, and as one product of matrices."""

import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxvae.networks.products import Dense, row_products

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
    assert jax.tree.structure(params) == jax.tree.structure(Dense(OUTPUTS).init(jax.random.key(0), X[0]))


@pytest.mark.parametrize(
    ("x", "matrix"),
    [(X[0], MATRIX[0].T), (jnp.ones(()), MATRIX[0]), (X[0], X[0]), (X[0].astype(jnp.bfloat16), MATRIX[0])],
)
def test_shapes_that_do_not_fit_are_refused(x: jax.Array, matrix: jax.Array) -> None:
    with pytest.raises(TypeError, match="row_products takes"):
        row_products(x, matrix)
