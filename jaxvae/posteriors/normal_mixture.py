"""The posterior that is a mixture of normals."""

from jaxvae.checks import check_range
from jaxvae.distributions import Mixture, Normal
from jaxvae.distributions.transforms import positive
from jaxvae.model import ModelParts
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from jaxvae.posteriors.posterior import Posterior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Params, Shape


@dataclass
class NormalMixture(Posterior):
    """Mixture of normals with independent dimensions, weights, means and scales from the encoder.

    q(z|x) = Σ_k π_k Π_d N(z_d; loc_kd, scale_kd),  π = softmax(logits),  scale = 1e-4 + softplus(raw + c)

    softplus(c) = 1. Gradients pass through a draw to the means and scales of its component. The weights learn by the
    score function (`Mixture.score_term`). Both gradients are unbiased.

    Args:
        num_components: number of normals.

    Raises:
        UserError: for fewer than one component.
    """

    num_components: int = 3

    def __post_init__(self) -> None:
        check_range(self, at_least=1, num_components=self.num_components)

    def parameter_shape(self, model: ModelParts) -> Shape:
        """A logit, a mean and a raw scale for each component: `(num_components, 1 + 2 latent_dim)`."""
        return (self.num_components, 1 + 2 * model.latent_dim)

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> Mixture:
        """q(z|x) over `[latent_dim]`."""
        del params
        logits, loc, raw = outputs[:, 0], outputs[:, 1 : 1 + model.latent_dim], outputs[:, 1 + model.latent_dim :]
        return Mixture(logits, Normal(loc, positive(raw, MIN_SCALE), event_ndim=1))
