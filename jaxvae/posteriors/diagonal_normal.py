"""The normal posterior with independent dimensions."""

from jaxvae.distributions import Normal
from jaxvae.distributions.transforms import positive
from jaxvae.model import ModelParts
from jaxvae.posteriors.posterior import Posterior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Params, Shape

MIN_SCALE = 1e-4  # keeps log(scale) finite if the encoder collapses


@dataclass
class DiagonalNormal(Posterior):
    """Normal with independent dimensions, mean and scale from the encoder.

    q(z|x) = Π_d N(z_d; loc_d, scale_d),  (loc, raw) = encoder(x),  scale = 1e-4 + softplus(raw + c),  softplus(c) = 1

    Kingma and Welling 2014, equation 9 (there with scale = exp(raw / 2)).
    """

    def parameter_shape(self, model: ModelParts) -> Shape:
        """A mean and a raw scale for each latent dimension: `(2, latent_dim)`."""
        return (2, model.latent_dim)

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> Normal:
        """q(z|x) over `[latent_dim]`."""
        del model, params
        loc, raw = outputs
        return Normal(loc, positive(raw, MIN_SCALE))
