"""One map, applied several times."""

import jax
import jax.numpy as jnp

from jaxvae.bijectors.bijector import Bijector
from jaxvae.bijectors.coupling import AffineCoupling
from jaxvae.checks import check_component, check_range
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params


@dataclass
class Repeat(Bijector):
    """`num_layers` layers of one bijector, each with its own weights and context: the inner map of `Flow`.

    Every second layer sees the dimensions in reverse order and restores the order afterwards. So a coupling or an
    autoregressive map reaches all dimensions, and a stack of identities is the identity.

    Args:
        bijector: the map of one layer.
        num_layers: number of layers [layers]; any number is compiled as one layer.

    Raises:
        UserError: for less than one layer, or if `bijector` is not a bijector.
    """

    bijector: Bijector = AffineCoupling()
    num_layers: int = 2

    def __post_init__(self) -> None:
        check_component(self, Bijector, bijector=self.bijector)
        check_range(self, at_least=1, num_layers=self.num_layers)

    def context_size(self, dim: int, context_dim: int) -> int:
        """The context of all layers together."""
        return self.num_layers * self.bijector.context_size(dim, context_dim)

    def init(self, key: Key, dim: int, context_dim: int) -> Params:
        """The weights of a layer, with a leading axis of layers."""
        keys = jax.random.split(key, self.num_layers)
        return jax.vmap(lambda key: self.bijector.init(key, dim, context_dim))(keys)

    def _map(self, method: str, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        def layer(carry: tuple[Array, Array], own: tuple[Params, Array, Array]) -> tuple[tuple[Array, Array], None]:
            (z, total), (weights, context, is_reversed) = carry, own
            z = jnp.where(is_reversed, z[::-1], z)
            z, log_det = getattr(self.bijector, method)(weights, context, z)
            return (jnp.where(is_reversed, z[::-1], z), total + log_det), None

        context = context.reshape(self.num_layers, context.size // self.num_layers)
        layers = (weights, context, jnp.arange(self.num_layers) % 2 == 1)
        start = (z, jnp.zeros_like(z[0]))
        return jax.lax.scan(layer, start, layers, reverse=method == "inverse_and_log_det")[0]

    def forward_and_log_det(self, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        """The map, from the first layer to the last."""
        return self._map("forward_and_log_det", weights, context, z)

    def inverse_and_log_det(self, weights: Params, context: Array, y: Array) -> tuple[Array, Array]:
        """The inverse, from the last layer to the first."""
        return self._map("inverse_and_log_det", weights, context, y)
