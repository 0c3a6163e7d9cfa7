"""The standard normal prior."""

from typing import TYPE_CHECKING

import jax.numpy as jnp

from jaxvae.distributions import Normal
from jaxvae.priors.prior import Prior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Params

if TYPE_CHECKING:
    from jaxvae.vae import VAE


@dataclass
class StandardNormal(Prior):
    """Independent standard normal dimensions: p(z) = Π_d N(z_d; 0, 1). Kingma and Welling 2014, section 3."""

    def distribution(self, vae: "VAE", params: Params) -> Normal:
        """p(z) over `[latent_dim]`."""
        del params
        return Normal(jnp.zeros(vae.latent_dim), jnp.ones(vae.latent_dim))
