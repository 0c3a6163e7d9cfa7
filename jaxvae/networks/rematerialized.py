"""A network whose hidden values are computed twice instead of kept."""

import jax

from jaxvae.networks.mlp import MLP
from jaxvae.networks.network import Network, NetworkLike, check_networks
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class Rematerialized(Network):
    """Another network whose hidden values are not kept: the backward pass computes them again.

    The output and its gradient are those of the other network. For K draws an example, a step then holds only the
    inputs and outputs of K decoders, at the price of one more forward pass. A run with `remat=True` puts it around
    encoder and decoder. Chen et al. 2016.

    Args:
        network: the network to compute.

    Raises:
        UserError: if `network` is not a network.

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
