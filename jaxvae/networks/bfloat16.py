"""A network that computes in bfloat16."""

import jax
import jax.numpy as jnp

from jaxvae.networks.mlp import MLP
from jaxvae.networks.network import Network, NetworkLike, check_networks
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class Bfloat16(Network):
    """Another network, computed in bfloat16: half the memory, and the fastest type on matrix units of GPUs and TPUs.

    output = float32(network(bfloat16(params), bfloat16(x)))

    Parameters, their gradients and updates stay in float32, and so do all later steps (densities, sums over
    dimensions). A run with `precision="bfloat16"` puts it around encoder and decoder. Kalamkar et al. 2019.

    Args:
        network: the network to compute.

    Raises:
        UserError: if `network` is not a network.

    Example:
        >>> network, x = Bfloat16(MLP((16,))), jnp.ones(3)
        >>> params = network.init(jax.random.key(0), x, (2,))
        >>> {leaf.dtype.name for leaf in jax.tree.leaves(params)}, network.apply(params, x, (2,)).dtype.name
        ({'float32'}, 'float32')
    """

    network: NetworkLike = MLP()

    def __post_init__(self) -> None:
        check_networks(self, network=self.network)

    def init(self, key: Key, x: Array, output_shape: Shape) -> Params:
        """Draw the parameters of the other network, in the precision of `x`."""
        return self.network.init(key, x, output_shape)

    def apply(self, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output for one `x`, of shape `output_shape` and the precision of `x`."""
        params, half = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), (params, x))
        return self.network.apply(params, half, output_shape).astype(x.dtype)
