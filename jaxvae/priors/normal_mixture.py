"""The prior that is a mixture of normals."""

import jax
import jax.numpy as jnp

from jaxvae.checks import check_range
from jaxvae.distributions import Mixture, Normal
from jaxvae.distributions.transforms import positive
from jaxvae.model import ModelParts
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from jaxvae.priors.prior import Prior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params


@dataclass
class NormalMixture(Prior):
    """Mixture of normals with independent dimensions; weights, means and scales are learned.

    p(z) = Σ_k π_k Π_d N(z_d; loc_kd, scale_kd),  π = softmax(logits),  scale = 1e-4 + softplus(raw + c)

    softplus(c) = 1. It starts with equal weights, scales of 1 and means drawn from a standard normal. The MoG prior of
    Tomczak and Welling 2018, section 4.

    Args:
        num_components: number of normals.

    Raises:
        UserError: for fewer than one component.
    """

    num_components: int = 10

    def __post_init__(self) -> None:
        check_range(self, at_least=1, num_components=self.num_components)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """Logits `[num_components]`, means and raw scales `[num_components, latent_dim]`."""
        del examples
        shape = (self.num_components, model.latent_dim)
        return {
            "logits": jnp.zeros(self.num_components),
            "loc": jax.random.normal(key, shape),
            "raw_scale": jnp.zeros(shape),
        }

    def distribution(self, model: ModelParts, params: Params) -> Mixture:
        """p(z) over `[latent_dim]`."""
        del model
        own = params["prior"]
        return Mixture(own["logits"], Normal(own["loc"], positive(own["raw_scale"], MIN_SCALE), event_ndim=1))
