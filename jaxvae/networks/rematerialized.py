"""A network whose hidden values are computed twice and kept never."""

import jax

from jaxvae.networks.mlp import MLP
from jaxvae.networks.network import Network, NetworkLike, check_networks
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class Rematerialized(Network):
    """Another network, whose hidden values the backward pass computes again in place of keeping them.

    The output and its gradient are those of the other network. A step of K draws an example then holds the inputs and
    outputs of K decoders, not all of their layers, for one more forward pass. A run with `remat=True` puts it around
    encoder and decoder. Chen et al. 2016.

    Args:
        network: what is computed.

    Raises:
        UserError: for something that is no network.

    Example:
        >>> import jax.numpy as jnp
        >>> network, x = Rematerialized(MLP((16,))), jnp.ones(3)
        >>> network.apply(network.init(jax.random.key(0), x, (2,)), x, (2,)).shape
        (2,)
    """

    network: NetworkLike = MLP()

    def __post_init__(self) -> None:
        check_networks(self, network=self.network)

    def init(self, key: Key, x: Array, output_shape: Shape) -> Params:
        """Draw the parameters of the other network."""
        return self.network.init(key, x, output_shape)

    def apply(self, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output for one `x`, of shape `output_shape`."""
        return jax.checkpoint(lambda params, x: self.network.apply(params, x, output_shape))(params, x)
