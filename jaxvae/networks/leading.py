"""A network that sees the first numbers of its input."""

from jaxvae.checks import check_range
from jaxvae.errors import UserError
from jaxvae.networks.mlp import MLP
from jaxvae.networks.network import Network, NetworkLike, check_networks
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class Leading(Network):
    """Another network that sees only the first n numbers of the flattened input: output = network(x₁, …, x_n).

    It makes two stochastic layers z = [z₁; z₂]: the decoder sees only z₁, p(x|z) = p(x|z₁), while prior and posterior,
    each a `Flow` of one `AffineCoupling`, connect z₂ with z₁ (Burda, Grosse and Salakhutdinov 2016, section 5.1).

    Args:
        num_dimensions: n [dimensions].
        network: the network that sees them.

    Raises:
        UserError: for a number below 1, a `network` that is not a network, or, in use, a smaller input.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> decoder, z = Leading(2, MLP(())), jnp.array([0.3, -1.0, 5.0])
        >>> params = decoder.init(jax.random.key(0), z, (4,))
        >>> bool(jnp.all(decoder.apply(params, z, (4,)) == MLP(()).apply(params, z[:2], (4,))))
        True
    """

    num_dimensions: int = 1
    network: NetworkLike = MLP()

    def __post_init__(self) -> None:
        check_range(self, at_least=1, num_dimensions=self.num_dimensions)
        check_networks(self, network=self.network)

    def _seen(self, x: Array) -> Array:
        if x.size < self.num_dimensions:
            raise UserError(
                f"Leading.num_dimensions must be <= the size of the input (latent_dim, for a decoder) {x.size}, got "
                f"{self.num_dimensions}"
            )
        return x.reshape(-1)[: self.num_dimensions]

    def init(self, key: Key, x: Array, output_shape: Shape) -> Params:
        """Draw the parameters of the other network."""
        return self.network.init(key, self._seen(x), output_shape)

    def apply(self, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output for one `x`, of shape `output_shape`."""
        return self.network.apply(params, self._seen(x), output_shape)
