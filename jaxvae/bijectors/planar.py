"""The planar map."""

import jax.numpy as jnp

from jaxvae.bijectors.bijector import Bijector
from jaxvae.bijectors.monotone import solve_monotone
from jaxvae.distributions.transforms import positive
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Params

MIN_SLOPE = 1e-3  # of the map along w: it stays invertible in float32, and its logarithm finite
MIN_SQUARE = 1e-12  # of w, below which it counts as 0 (the map is a shift): bounds the gradient of w / ‖w‖²


@dataclass
class Planar(Bijector):
    """Planar flow: bends space along one direction; all its parameters are the context.

    y = z + û tanh(wᵀz + b),  log |det| = log(1 + wᵀû (1 − tanh²(wᵀz + b)))

    û = u + (m − wᵀu) w / ‖w‖² has wᵀû = m = −1 + 1e-3 + softplus(wᵀu + c) > −1, so the map is invertible. c is chosen
    so that û = u at u = 0. Rezende and Mohamed 2015, equations 10-12 and appendix A.1 (there c = 0). The inverse solves
    one monotone equation for wᵀz, to rounding.
    """

    def context_size(self, dim: int, context_dim: int) -> int:
        """u, w and b: 2 D + 1."""
        del context_dim
        return 2 * dim + 1

    def _parameters(self, context: Array) -> tuple[Array, Array, Array, Array]:
        """û, w, b and wᵀû."""
        dim = context.size // 2
        u, w, b = context[:dim], context[dim:-1], context[-1]
        is_zero = jnp.sum(w**2) < MIN_SQUARE
        w = jnp.where(is_zero, 0.0, w)
        along, square = jnp.dot(w, u), jnp.where(is_zero, 1.0, jnp.sum(w**2))
        slope = positive(along, 0.0) * (1.0 - MIN_SLOPE) + MIN_SLOPE - 1.0
        return u + (slope - along) * (w / square), w, b, slope

    def forward_and_log_det(self, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        """The map and its log-determinant in one pass."""
        del weights
        u, w, b, slope = self._parameters(context)
        bend = jnp.tanh(jnp.dot(w, z) + b)
        return z + u * bend, jnp.log1p(slope * (1.0 - bend**2))

    def inverse_and_log_det(self, weights: Params, context: Array, y: Array) -> tuple[Array, Array]:
        """By a root of a + wᵀû tanh(a + b) = wᵀy, where a = wᵀz."""
        del weights
        u, w, b, slope = self._parameters(context)
        bend = jnp.tanh(solve_monotone(slope, jnp.ones_like(slope), b, jnp.dot(w, y)) + b)
        return y - u * bend, -jnp.log1p(slope * (1.0 - bend**2))
