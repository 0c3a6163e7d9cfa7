"""The uniform prior on the unit sphere."""

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.model import ModelParts
from jaxvae.priors.prior import Prior
from jaxvae.pytrees import dataclass
from jaxvae.spaces import SPHERE, Space
from jaxvae.typing import Params


@dataclass
class HypersphericalUniform(Prior):
    """Every unit vector equally likely; the prior of VonMisesFisher. Davidson et al. 2018, section 3.2."""

    @property
    def space(self) -> Space:
        """The unit sphere."""
        return SPHERE

    def distribution(self, model: ModelParts, params: Params) -> distributions.HypersphericalUniform:
        """p(z) over `[latent_dim]`."""
        del params
        return distributions.HypersphericalUniform(jnp.zeros(model.latent_dim))
