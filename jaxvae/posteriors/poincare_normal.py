"""The wrapped normal posterior on the Poincaré ball."""

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.distributions.poincare import exp_map
from jaxvae.distributions.transforms import positive
from jaxvae.model import ModelParts
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from jaxvae.posteriors.posterior import Posterior
from jaxvae.pytrees import dataclass
from jaxvae.spaces import Space, poincare_ball
from jaxvae.typing import Array, Params, Shape


@dataclass
class PoincareNormal(Posterior):
    """Normal wrapped around a point of the Poincaré ball of curvature −c.

    q(z|x) = PoincareNormal(z; exp₀(m), scale, c),  (m, raw) = encoder(x),  scale = 1e-4 + softplus(raw + a),
    softplus(a) = 1

    exp₀ moves from 0 in the direction of m, by the length of m. Mathieu et al. 2019, section 3.1.

    Args:
        curvature: c > 0, that of the prior.
        scaled: let the decoder see √(latent_dim · c) · z. In many dimensions nearly all z are near the edge of the
            ball, where these coordinates have a mean square of 1.

    Raises:
        UserError: for a curvature that is not above 0.
    """

    curvature: float = 1.0
    scaled: bool = True

    def __post_init__(self) -> None:
        check_range(self, above=0.0, curvature=self.curvature)

    @property
    def space(self) -> Space:
        """The Poincaré ball."""
        return poincare_ball(self.curvature)

    def parameter_shape(self, model: ModelParts) -> Shape:
        """A centre and a raw scale for each latent dimension: `(2, latent_dim)`."""
        return (2, model.latent_dim)

    def decoder_input(self, model: ModelParts, z: Array) -> Array:
        """√(latent_dim · c) · z if `scaled`, else z, `[latent_dim]`."""
        return (model.latent_dim * self.curvature) ** 0.5 * z if self.scaled else z

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.PoincareNormal:
        """q(z|x) over `[latent_dim]`."""
        del model, params
        centre, raw = outputs
        c = jnp.asarray(self.curvature, outputs.dtype)
        loc = exp_map(jnp.zeros_like(centre), centre, c[None])
        return distributions.PoincareNormal(loc, positive(raw, MIN_SCALE), c)
