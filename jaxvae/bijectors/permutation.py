"""A fixed reordering of the dimensions."""

from typing import Literal

import jax.numpy as jnp
import numpy as np

from jaxvae.bijectors.bijector import Bijector
from jaxvae.checks import check_choice, check_range
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Params


@dataclass
class Permutation(Bijector):
    """A fixed order of the dimensions, for a `Chain`: y_d = z_{order(d)},  log |det| = 0.

    Args:
        order: `reverse` (the last dimension first) or `random` (drawn once, from `seed`).
        seed: of the random order; the same seed and dimension give the same order.

    Raises:
        UserError: for an unknown order or a negative seed.

    Example:
        >>> Permutation().forward_and_log_det({}, jnp.zeros(0), jnp.arange(3.0))[0].tolist()
        [2.0, 1.0, 0.0]
    """

    order: Literal["reverse", "random"] = "reverse"
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice(self, ("reverse", "random"), order=self.order)
        check_range(self, at_least=0, seed=self.seed)

    def context_size(self, dim: int, context_dim: int) -> int:
        """0, because the order is fixed."""
        del dim, context_dim
        return 0

    def _indices(self, dim: int) -> np.ndarray:
        return np.arange(dim)[::-1] if self.order == "reverse" else np.random.default_rng(self.seed).permutation(dim)

    def forward_and_log_det(self, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        """The dimensions in the new order."""
        del weights, context
        return z[self._indices(z.size)], jnp.zeros_like(z[0])

    def inverse_and_log_det(self, weights: Params, context: Array, y: Array) -> tuple[Array, Array]:
        """The dimensions in the old order."""
        del weights, context
        return y[np.argsort(self._indices(y.size))], jnp.zeros_like(y[0])
