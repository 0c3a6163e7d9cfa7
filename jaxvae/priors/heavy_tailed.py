"""Priors with heavier tails than the normal."""

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.model import ModelParts
from jaxvae.priors.prior import Prior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Params


@dataclass
class Laplace(Prior):
    """Independent Laplace dimensions: p(z) = Π_d Laplace(z_d; 0, scale).

    Sparse codes: Barello, Charles and Pillow 2018, section 2. With scale 1/√2 its variance is 1.

    Args:
        scale: mean absolute value of each dimension [latent units].

    Raises:
        UserError: for a scale that is not above 0.
    """

    scale: float = 2.0**-0.5

    def __post_init__(self) -> None:
        check_range(self, above=0.0, scale=self.scale)

    def distribution(self, model: ModelParts, params: Params) -> distributions.Laplace:
        """p(z) over `[latent_dim]`."""
        del params
        return distributions.Laplace(jnp.zeros(model.latent_dim), jnp.asarray(self.scale))


@dataclass
class StudentT(Prior):
    """Independent Student's t dimensions: p(z) = Π_d t(z_d; df, 0, scale).

    Heavier tails than the normal, so that outlying codes cost less; df → ∞ is the normal.

    Args:
        df: degrees of freedom.
        scale: of each dimension [latent units].

    Raises:
        UserError: for a number that is not above 0.
    """

    df: float = 5.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        check_range(self, above=0.0, df=self.df, scale=self.scale)

    def distribution(self, model: ModelParts, params: Params) -> distributions.StudentT:
        """p(z) over `[latent_dim]`."""
        del params
        return distributions.StudentT(jnp.asarray(self.df), jnp.zeros(model.latent_dim), jnp.asarray(self.scale))
