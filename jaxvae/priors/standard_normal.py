"""The standard normal prior."""

import jax.numpy as jnp

from jaxvae.distributions import Normal
from jaxvae.model import ModelParts
from jaxvae.priors.prior import Prior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Params


@dataclass
class StandardNormal(Prior):
    """Independent standard normal dimensions: p(z) = Π_d N(z_d; 0, 1). Kingma and Welling 2014, section 3."""

    def distribution(self, model: ModelParts, params: Params) -> Normal:
        """p(z) over `[latent_dim]`."""
        del params
        return Normal(jnp.zeros(model.latent_dim), jnp.ones(model.latent_dim))
