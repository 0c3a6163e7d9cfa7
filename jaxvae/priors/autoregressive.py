"""The autoregressive prior."""

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.model import ModelParts
from jaxvae.networks import MADE
from jaxvae.priors.prior import Prior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params


@dataclass
class Autoregressive(Prior):
    """A learned product of conditionals: p(z) = Π_d p(z_d | z_1 … z_{d−1}), each a mixture of K normals.

    One masked network (MADE) gives the mixtures' weights, means and scales. A density takes one pass of it, a sample
    one pass for each dimension. It starts near mean 0 and variance 1 in each dimension. Uria, Murray and Larochelle
    2013; Germain et al. 2015.

    Args:
        num_components: K, the number of normals in each conditional.
        features: widths of the hidden layers [units]; `()` makes the network linear.
        activation: after each hidden layer, as in `MLP`.

    Raises:
        UserError: for a number below 1 or an unknown activation.
    """

    num_components: int = 5
    features: tuple[int, ...] = (64, 64)
    activation: str = "relu"

    def __post_init__(self) -> None:
        check_range(self, at_least=1, num_components=self.num_components)
        self._made(1)  # its checks

    def _made(self, dim: int) -> MADE:
        return MADE(dim, 3 * self.num_components, 0, self.features, self.activation)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The weights of the network."""
        del examples
        return self._made(model.latent_dim).init(key)

    def distribution(self, model: ModelParts, params: Params) -> distributions.Autoregressive:
        """p(z) over `[latent_dim]`."""
        return distributions.Autoregressive(self._made(model.latent_dim), params["prior"])
