"""The normal posterior whose covariance is a diagonal plus a low rank."""

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.distributions.transforms import positive
from jaxvae.model import ModelParts
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from jaxvae.posteriors.posterior import Posterior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Params, Shape


@dataclass
class LowRankNormal(Posterior):
    """Normal with covariance diagonal plus low rank, all from the encoder.

    q(z|x) = N(z; loc, diag(scale²) + F Fᵀ),  (loc, raw, Fᵀ) = encoder(x),  scale = 1e-4 + softplus(raw + c),
    softplus(c) = 1

    In Rezende, Mohamed and Wierstra 2014, section 4.3, the inverse covariance has this form, with rank 1.

    Args:
        rank: number R of columns of F [directions].

    Raises:
        UserError: for a rank below 1.
    """

    rank: int = 2

    def __post_init__(self) -> None:
        check_range(self, at_least=1, rank=self.rank)

    def parameter_shape(self, model: ModelParts) -> Shape:
        """A mean, a raw scale and the rows of Fᵀ: `(2 + rank, latent_dim)`."""
        return (2 + self.rank, model.latent_dim)

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.LowRankNormal:
        """q(z|x) over `[latent_dim]`."""
        del model, params
        return distributions.LowRankNormal(outputs[0], jnp.transpose(outputs[2:]), positive(outputs[1], MIN_SCALE))
