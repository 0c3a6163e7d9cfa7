"""The Householder reflection."""

import jax.numpy as jnp

from jaxvae.bijectors.bijector import Bijector
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Params


def reflect(v: Array, x: Array) -> Array:
    """x − 2 v vᵀx / ‖v‖² for a vector or the columns of a matrix `x`; x itself at v = 0."""
    square = jnp.sum(v**2)
    is_zero = square <= jnp.finfo(v.dtype).tiny
    along = jnp.dot(v, x) / jnp.where(is_zero, 1.0, square)
    return jnp.where(is_zero, x, x - 2.0 * (v * along if x.ndim == 1 else jnp.outer(v, along)))


@dataclass
class Householder(Bijector):
    """Householder flow: a reflection at the plane normal to v, which is the context. It keeps volumes.

    y = (I − 2 v vᵀ / ‖v‖²) z,  log |det| = 0

    On a diagonal normal base, D layers reach every covariance. Tomczak and Welling 2016, section 2.2.
    """

    def context_size(self, dim: int, context_dim: int) -> int:
        """v: D."""
        del context_dim
        return dim

    def forward_and_log_det(self, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        """The map and its log-determinant in one pass."""
        del weights
        return reflect(context, z), jnp.zeros_like(z[0])

    def inverse_and_log_det(self, weights: Params, context: Array, y: Array) -> tuple[Array, Array]:
        """The reflection again."""
        return self.forward_and_log_det(weights, context, y)
