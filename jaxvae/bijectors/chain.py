"""Different maps, one after another."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxvae.bijectors.bijector import Bijector
from jaxvae.bijectors.coupling import AffineCoupling
from jaxvae.bijectors.permutation import Permutation
from jaxvae.checks import check_component
from jaxvae.errors import UserError
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params


@dataclass
class Chain(Bijector):
    """Different bijectors, one after another: y = f_n(… f_1(z)); their contexts are side by side in one vector.

    Args:
        bijectors: f_1 … f_n, in the order in which a sample passes them.

    Raises:
        UserError: for no bijector, or a member that is not a bijector.
    """

    bijectors: tuple[Bijector, ...] = (AffineCoupling(), Permutation("random"))

    def __post_init__(self) -> None:
        if not self.bijectors:
            raise UserError("Chain.bijectors needs one bijector or more, got none: leave it out for its default")
        for bijector in self.bijectors:
            check_component(self, Bijector, bijectors=bijector)

    def context_size(self, dim: int, context_dim: int) -> int:
        """The sum of its members' sizes."""
        return sum(bijector.context_size(dim, context_dim) for bijector in self.bijectors)

    def init(self, key: Key, dim: int, context_dim: int) -> Params:
        """The weights of its members, by their place in the chain."""
        keys = jax.random.split(key, len(self.bijectors))
        members = enumerate(zip(self.bijectors, keys, strict=True))
        return {f"{index}": bijector.init(key, dim, context_dim) for index, (bijector, key) in members}

    def _members(self, weights: Params, context: Array, dim: int) -> list[tuple[Bijector, Any, Array]]:
        """Each bijector with its weights and its part of the context."""
        # members without networks have a fixed size, the others share the rest evenly
        least = [bijector.context_size(dim, 0) for bijector in self.bijectors]
        most = [bijector.context_size(dim, 1) for bijector in self.bijectors]
        shares = sum(most) - sum(least)
        context_dim = (context.size - sum(least)) // max(shares, 1)
        sizes = [bijector.context_size(dim, context_dim) for bijector in self.bijectors]
        starts = [sum(sizes[:index]) for index in range(len(sizes))]
        return [
            (bijector, weights[f"{index}"], context[start : start + size])
            for index, (bijector, start, size) in enumerate(zip(self.bijectors, starts, sizes, strict=True))
        ]

    def forward_and_log_det(self, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        """The map, from the first member to the last."""
        total = jnp.zeros_like(z[0])
        for bijector, its_weights, its_context in self._members(weights, context, z.size):
            z, log_det = bijector.forward_and_log_det(its_weights, its_context, z)
            total += log_det
        return z, total

    def inverse_and_log_det(self, weights: Params, context: Array, y: Array) -> tuple[Array, Array]:
        """The inverse, from the last member to the first."""
        total = jnp.zeros_like(y[0])
        for bijector, its_weights, its_context in reversed(self._members(weights, context, y.size)):
            y, log_det = bijector.inverse_and_log_det(its_weights, its_context, y)
            total += log_det
        return y, total
