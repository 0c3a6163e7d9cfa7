"""Cholesky factors and triangular systems of small matrices, one column at a time, for any batch of them.

JAX calls LAPACK's routines once for each member of a batch. Two of them running at a time on two cores can wait for
each other for ever (seen with jaxlib 0.10.1). Here the whole batch computes each column together.
"""

import jax
import jax.numpy as jnp

from jaxvae.fast.switch import is_fast
from jaxvae.typing import Array


def solve_lower(factor: Array, values: Array) -> Array:
    """L⁻¹ v, `[*batch, D]`; the two batches broadcast.

    Args:
        factor: L, lower triangular, `[*batch, D, D]`; entries above the diagonal are ignored.
        values: v, `[*batch, D]`.

    >>> solve_lower(jnp.array([[2.0, 0.0], [1.0, 4.0]]), jnp.array([2.0, 9.0])).tolist()
    [1.0, 2.0]
    """
    return fast_solve_lower(factor, values) if is_fast() else plain_solve_lower(factor, values)


def plain_solve_lower(factor: Array, values: Array) -> Array:
    """L⁻¹ v, by LAPACK."""
    factor, values = _of_one_rank(factor, values)
    batch = jnp.broadcast_shapes(factor.shape[:-2], values.shape[:-1])
    factor = jnp.broadcast_to(factor, batch + factor.shape[-2:])
    values = jnp.broadcast_to(values, batch + values.shape[-1:])
    return jax.scipy.linalg.solve_triangular(factor, values[..., None], lower=True)[..., 0]


def fast_solve_lower(factor: Array, values: Array) -> Array:
    """L⁻¹ v, by forward substitution."""
    factor, values = _of_one_rank(factor, values)
    columns = jnp.moveaxis(jnp.tril(factor), -1, 0)  # [D, *batch, D]
    rest = jnp.broadcast_to(values, jnp.broadcast_shapes(values.shape, columns.shape[1:]))

    def substitute(rest: Array, index_and_column: tuple[Array, Array]) -> tuple[Array, Array]:
        index, column = index_and_column
        solved = jnp.take(rest, index, axis=-1) / jnp.take(column, index, axis=-1)
        return rest - column * solved[..., None], solved

    _, solved = jax.lax.scan(substitute, rest, (jnp.arange(columns.shape[0]), columns))
    return jnp.moveaxis(solved, 0, -1)


def _of_one_rank(factor: Array, values: Array) -> tuple[Array, Array]:
    """Both with as many batch axes, by leading axes of size 1."""
    more = factor.ndim - values.ndim - 1
    factor = factor.reshape((1,) * max(-more, 0) + factor.shape)
    return factor, values.reshape((1,) * max(more, 0) + values.shape)


def solve_upper(factor: Array, values: Array) -> Array:
    """L⁻ᵀ v, for the lower triangular L, `[*batch, D]`; the two batches broadcast.

    >>> solve_upper(jnp.array([[2.0, 0.0], [1.0, 4.0]]), jnp.array([4.0, 8.0])).tolist()
    [1.0, 2.0]
    """
    backwards = jnp.flip(jnp.swapaxes(factor, -1, -2), axis=(-2, -1))
    return jnp.flip(solve_lower(backwards, jnp.flip(values, axis=-1)), axis=-1)


def cholesky(matrix: Array) -> Array:
    """The lower triangular L with L Lᵀ = `matrix`, symmetric and positive definite, `[*batch, D, D]`.

    >>> cholesky(jnp.array([[4.0, 2.0], [2.0, 10.0]])).tolist()
    [[2.0, 0.0], [1.0, 3.0]]
    """
    return fast_cholesky(matrix) if is_fast() else plain_cholesky(matrix)


def plain_cholesky(matrix: Array) -> Array:
    """The Cholesky factor, by LAPACK."""
    return jnp.linalg.cholesky(matrix)


def fast_cholesky(matrix: Array) -> Array:
    """The Cholesky factor, a column at a time."""
    rows = jnp.arange(matrix.shape[-1])

    def eliminate(rest: Array, index: Array) -> tuple[Array, Array]:
        pivot = jnp.take(rest, index, axis=-1)  # a column, [*batch, D]
        below = jnp.where(rows >= index, pivot, jnp.zeros_like(pivot))
        column = below / jnp.sqrt(jnp.take(pivot, index, axis=-1))[..., None]
        return rest - column[..., :, None] * column[..., None, :], column

    _, columns = jax.lax.scan(eliminate, matrix, rows)
    return jnp.moveaxis(columns, 0, -1)
