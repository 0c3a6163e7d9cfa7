"""The normal posterior with full covariance."""

import jax.numpy as jnp

from jaxvae.distributions import MultivariateNormal
from jaxvae.distributions.transforms import positive
from jaxvae.model import ModelParts
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from jaxvae.posteriors.posterior import Posterior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Params, Shape


@dataclass
class FullNormal(Posterior):
    """Normal with full covariance, mean and Cholesky factor from the encoder.

    q(z|x) = N(z; loc, L Lᵀ),  (loc, raw, lower) = encoder(x),  L = diag(1e-4 + softplus(raw + c)) + strictly lower / √D

    softplus(c) = 1. The D (D − 1) / 2 entries below the diagonal are divided by √D, so that a row adds the same
    variance in any dimension. Training then starts as near to `DiagonalNormal` with 100 latents as with 2. Kingma and
    Welling 2019, section 2.5.1.
    """

    def parameter_shape(self, model: ModelParts) -> Shape:
        """A mean, a raw diagonal and the entries below it, row by row: `(latent_dim (latent_dim + 3) / 2,)`."""
        return (model.latent_dim * (model.latent_dim + 3) // 2,)

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> MultivariateNormal:
        """q(z|x) over `[latent_dim]`."""
        del params
        size = model.latent_dim
        loc, raw, lower = jnp.split(outputs, (size, 2 * size))
        factor = jnp.diag(positive(raw, MIN_SCALE)).at[jnp.tril_indices(size, -1)].set(lower / size**0.5)
        return MultivariateNormal(loc, factor)
