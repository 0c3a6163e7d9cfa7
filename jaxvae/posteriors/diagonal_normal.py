"""The normal posterior with independent dimensions."""

from typing import TYPE_CHECKING

from jaxvae.distributions import Normal
from jaxvae.distributions.transforms import positive
from jaxvae.posteriors.posterior import Posterior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Params, Shape

if TYPE_CHECKING:
    from jaxvae.vae import VAE

MIN_SCALE = 1e-4  # keeps log(scale) finite if the encoder collapses


@dataclass
class DiagonalNormal(Posterior):
    """Normal with independent dimensions, mean and scale from the encoder.

    q(z|x) = Π_d N(z_d; loc_d, scale_d),  (loc, raw) = encoder(x),  scale = 1e-4 + softplus(raw + c),  softplus(c) = 1

    Kingma and Welling 2014, equation 9 (there with scale = exp(raw / 2)).
    """

    def parameter_shape(self, vae: "VAE") -> Shape:
        """A mean and a raw scale for each latent dimension: `(2, latent_dim)`."""
        return (2, vae.latent_dim)

    def distribution(self, vae: "VAE", params: Params, outputs: Array) -> Normal:
        """q(z|x) over `[latent_dim]`."""
        del vae, params
        loc, raw = outputs
        return Normal(loc, positive(raw, MIN_SCALE))
