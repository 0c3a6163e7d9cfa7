"""Triangular systems and Cholesky factors beside LAPACK's: values and slopes, over any two batches."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxvae.fast.triangular import fast_cholesky, fast_solve_lower, plain_cholesky, plain_solve_lower

DIM = 4
RNG = np.random.default_rng(0)


def factors(*batch: int) -> jax.Array:
    """Well-conditioned factors, with numbers above the diagonal that must not count."""
    return jnp.asarray(RNG.normal(size=(*batch, DIM, DIM)) + 3.0 * np.eye(DIM), jnp.float32)


@pytest.mark.parametrize("form", [fast_solve_lower, plain_solve_lower])
@pytest.mark.parametrize(
    ("of_factor", "of_values"), [((), ()), ((3,), ()), ((), (3,)), ((2, 1), (3,)), ((2, 3), (2, 3))]
)
def test_solutions_against_float64(form: Callable, of_factor: tuple[int, ...], of_values: tuple[int, ...]) -> None:
    factor, values = factors(*of_factor), jnp.asarray(RNG.normal(size=(*of_values, DIM)), jnp.float32)
    exact = np.linalg.solve(np.tril(np.asarray(factor, np.float64)), np.asarray(values, np.float64)[..., None])[..., 0]
    np.testing.assert_allclose(jax.jit(form)(factor, values), exact, rtol=1e-4, atol=1e-5)


def test_both_forms_have_the_same_slopes() -> None:
    factor, values = factors(3), jnp.asarray(RNG.normal(size=(3, DIM)), jnp.float32)
    fast, plain = (
        jax.grad(lambda factor, values, form=form: jnp.sum(jnp.sin(form(factor, values))), (0, 1))(factor, values)
        for form in (fast_solve_lower, plain_solve_lower)
    )
    assert float(jnp.max(jnp.abs(jnp.triu(fast[0], 1)))) == 0.0
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5), fast, plain)


@pytest.mark.parametrize("form", [fast_cholesky, plain_cholesky])
def test_factors_and_their_slopes(form: Callable) -> None:
    root = np.tril(np.asarray(factors(2), np.float64))
    root *= np.sign(np.diagonal(root, axis1=-2, axis2=-1))[:, None, :]
    matrix = jnp.asarray(root @ np.swapaxes(root, -1, -2), jnp.float32)
    np.testing.assert_allclose(form(matrix), root, rtol=1e-4, atol=1e-4)
    log_determinant = lambda m: 2.0 * jnp.sum(jnp.log(jnp.diagonal(form(m), axis1=-2, axis2=-1)))  # noqa: E731
    slope = jax.grad(log_determinant)(matrix)  # of symmetric matrices: the inverse
    symmetric = np.asarray(slope + jnp.swapaxes(slope, -1, -2)) / 2.0
    np.testing.assert_allclose(symmetric, np.linalg.inv(root @ np.swapaxes(root, -1, -2)), rtol=1e-3, atol=1e-4)
