"""The Sylvester map: a planar map along several orthogonal directions at once."""

from typing import Literal

import jax
import jax.numpy as jnp

from jaxvae.bijectors.bijector import Bijector
from jaxvae.bijectors.householder import reflect
from jaxvae.bijectors.monotone import solve_monotone
from jaxvae.checks import check_choice, check_range
from jaxvae.errors import UserError
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Params

MAX_DIAGONAL = 0.999  # of R₁ and R₂: their product stays above −1, as planar's slope does in float32


def _reflected_identity(vs: Array, columns: int) -> Array:
    """The first columns of H(v_1) … H(v_n), `[dim, columns]`: orthonormal for any v, `[n, dim]`."""
    q = jnp.eye(vs.shape[1], columns, dtype=vs.dtype)
    return jax.lax.scan(lambda q, v: (reflect(v, q), None), q, vs, reverse=True)[0]


def orthonormalized(matrix: Array) -> Array:
    """Q of the QR decomposition of a `[dim, columns]` matrix, by Householder's algorithm.

    Its columns are orthonormal up to rounding for every matrix, even with dependent columns or zeros, and the gradient
    is finite. The signs are those of Householder's algorithm. Independent columns span the same space as before.
    """
    rows = jnp.arange(matrix.shape[0])

    def eliminate(rest: Array, k: Array) -> tuple[Array, Array]:
        column = jnp.where(rows >= k, rest[:, k], 0.0)  # `rest`, so far upper triangular in its first k columns
        square = jnp.sum(column**2)
        is_zero = square <= jnp.finfo(matrix.dtype).tiny
        norm = jnp.where(is_zero, 0.0, jnp.sqrt(jnp.where(is_zero, 1.0, square)))
        v = column + jnp.where(rows == k, jnp.where(column[k] < 0.0, -norm, norm), 0.0)  # no cancellation
        return reflect(v, rest), v

    _, vs = jax.lax.scan(eliminate, matrix, jnp.arange(matrix.shape[1]))
    return _reflected_identity(vs, matrix.shape[1])


@dataclass
class Sylvester(Bijector):
    """Sylvester flow: bends space along M orthogonal directions; all its parameters are the context.

    y = z + Q R₁ tanh(R₂ Qᵀz + b),  log |det| = Σ_i log(1 + r₁_ii r₂_ii (1 − tanh²(R₂ Qᵀz + b)_i))

    R₁ and R₂ are upper triangular with diagonals 0.999 tanh(raw). van den Berg, Hasenclever, Tomczak and Welling 2018,
    section 3.1. The inverse solves one monotone equation for each direction, the last one first.

    Args:
        kind: what Q is. `orthogonal`: M orthonormal columns, by QR of a D × M matrix (the paper iterates instead).
            `householder`: a product of reflections, M = D. `triangular`: the identity, M = D; a flow reverses the order
            in every second layer, as in the paper's section 3.2.
        num_columns: M for `orthogonal`, at most D; by default D.
        num_reflections: number of reflections for `householder`.

    Raises:
        UserError: for an unknown kind or a number below 1, and for more columns than dimensions.
    """

    kind: Literal["orthogonal", "householder", "triangular"] = "orthogonal"
    num_columns: int | None = None
    num_reflections: int = 4

    def __post_init__(self) -> None:
        check_choice(self, ("orthogonal", "householder", "triangular"), kind=self.kind)
        check_range(self, at_least=1, num_columns=self.num_columns, num_reflections=self.num_reflections)

    def _columns(self, dim: int) -> int:
        if self.kind != "orthogonal" or self.num_columns is None:
            return dim
        if self.num_columns > dim:
            raise UserError(
                f"Sylvester.num_columns must be at most the {dim} latent dimensions, got {self.num_columns}: take "
                f"{dim} or less, or leave it out"
            )
        return self.num_columns

    def _num_vectors(self, dim: int) -> int:
        """The number of vectors from which Q is built."""
        return {"orthogonal": self._columns(dim), "householder": self.num_reflections, "triangular": 0}[self.kind]

    def context_size(self, dim: int, context_dim: int) -> int:
        """M² + 2 M for R₁, R₂ and b, plus the vectors from which Q is built."""
        del context_dim
        columns = self._columns(dim)
        return columns**2 + 2 * columns + self._num_vectors(dim) * dim

    def _parameters(self, context: Array, dim: int) -> tuple[Array, Array, Array, Array]:
        """Q `[D, M]`, R₁ and R₂ `[M, M]`, b `[M]`."""
        m = self._columns(dim)
        # both triangles of one matrix, the second one transposed; a diagonal each
        full, raw, b, vectors = jnp.split(context, [m**2, m**2 + m, m**2 + 2 * m])
        full = full.reshape(m, m)
        r1 = jnp.triu(full, 1) + jnp.diag(MAX_DIAGONAL * jnp.tanh(jnp.diagonal(full)))
        r2 = jnp.tril(full, -1).T + jnp.diag(MAX_DIAGONAL * jnp.tanh(raw))
        vectors = vectors.reshape(self._num_vectors(dim), dim)
        q = orthonormalized(vectors.T) if self.kind == "orthogonal" else _reflected_identity(vectors, m)
        return q, r1, r2, b

    @staticmethod
    def _log_det(r1: Array, r2: Array, bend: Array) -> Array:
        return jnp.sum(jnp.log1p(jnp.diagonal(r1) * jnp.diagonal(r2) * (1.0 - bend**2)))

    def forward_and_log_det(self, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        """The map and its log-determinant in one pass."""
        del weights
        q, r1, r2, b = self._parameters(context, z.size)
        bend = jnp.tanh(r2 @ (z @ q) + b)
        return z + q @ (r1 @ bend), self._log_det(r1, r2, bend)

    def inverse_and_log_det(self, weights: Params, context: Array, y: Array) -> tuple[Array, Array]:
        """By M roots, of v_i + r₁_ii tanh(r₂_ii v_i + …) = … for v = Qᵀz, from i = M to 1."""
        del weights
        q, r1, r2, b = self._parameters(context, y.size)
        along, m = y @ q, b.size

        def solve(step: Array, v: Array) -> Array:
            i = m - 1 - step
            others = r2 @ v + b  # v_i is still 0, and so are those before it
            bend = jnp.where(jnp.arange(m) > i, jnp.tanh(others), 0.0)
            root = solve_monotone(r1[i, i], r2[i, i], others[i], along[i] - jnp.dot(r1[i], bend))
            return jnp.where(jnp.arange(m) == i, root, v)

        bend = jnp.tanh(r2 @ jax.lax.fori_loop(0, m, solve, jnp.zeros_like(b)) + b)
        return y - q @ (r1 @ bend), -self._log_det(r1, r2, bend)
