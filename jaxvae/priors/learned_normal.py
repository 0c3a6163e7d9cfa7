"""The normal prior whose mean and scale are learned."""

import jax.numpy as jnp

from jaxvae.distributions import Normal
from jaxvae.distributions.transforms import positive
from jaxvae.model import ModelParts
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from jaxvae.priors.prior import Prior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params


@dataclass
class LearnedNormal(Prior):
    """Independent normal dimensions with learned means and scales: p(z) = Π_d N(z_d; loc_d, scale_d).

    scale = 1e-4 + softplus(raw + c), softplus(c) = 1; it starts at a standard normal.
    """

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The mean and the raw scale, `[latent_dim]` each."""
        del key, examples
        return {"loc": jnp.zeros(model.latent_dim), "raw_scale": jnp.zeros(model.latent_dim)}

    def distribution(self, model: ModelParts, params: Params) -> Normal:
        """p(z) over `[latent_dim]`."""
        del model
        return Normal(params["prior"]["loc"], positive(params["prior"]["raw_scale"], MIN_SCALE))
