"""The wrapped normal prior on the Poincaré ball."""

from typing import Literal

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_choice, check_range
from jaxvae.distributions.transforms import positive
from jaxvae.model import ModelParts
from jaxvae.priors.prior import Prior
from jaxvae.pytrees import dataclass
from jaxvae.spaces import Space, poincare_ball
from jaxvae.typing import Array, Key, Params

MIN_SCALE = 1e-3  # keeps log(scale) finite, and a draw apart from 0


@dataclass
class PoincareNormal(Prior):
    """Normal wrapped around 0 of the Poincaré ball of curvature −c: p(z) = PoincareNormal(z; 0, scale, c).

    A learned scale is one number, 1e-3 + softplus(raw + a), softplus(a) = 1. Mathieu et al. 2019, section 3.1.

    Args:
        curvature: c > 0, that of the posterior; the ball has radius 1/√c.
        scale: standard deviation in each dimension [hyperbolic distance]: a number > 0 or `learned`.

    Raises:
        UserError: for a number that is not above 0, or an unknown name.
    """

    curvature: float = 1.0
    scale: float | Literal["learned"] = 1.0

    def __post_init__(self) -> None:
        check_range(self, above=0.0, curvature=self.curvature, scale=self.scale)
        check_choice(self, ("learned",), scale=self.scale)

    @property
    def space(self) -> Space:
        """The Poincaré ball."""
        return poincare_ball(self.curvature)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The raw scale, `[]`, if it is learned; it starts at scale 1."""
        del key, model, examples
        return {"raw_scale": jnp.zeros(())} if isinstance(self.scale, str) else {}

    def distribution(self, model: ModelParts, params: Params) -> distributions.PoincareNormal:
        """p(z) over `[latent_dim]`."""
        is_learned = isinstance(self.scale, str)
        scale = positive(params["prior"]["raw_scale"], MIN_SCALE) if is_learned else jnp.asarray(self.scale)
        return distributions.PoincareNormal(jnp.zeros(model.latent_dim), scale[None], jnp.asarray(self.curvature))
