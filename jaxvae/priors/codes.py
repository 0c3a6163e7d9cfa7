"""Priors over the codes of a codebook: p(z) is the probability of the indices, and −log p(z) their length."""

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.errors import UserError
from jaxvae.model import ModelParts
from jaxvae.networks import MADE
from jaxvae.posteriors.vector_quantized import VectorQuantized
from jaxvae.priors.prior import Prior
from jaxvae.pytrees import dataclass
from jaxvae.spaces import CODEBOOK, Space
from jaxvae.typing import Array, Key, Params


def code_sizes(model: ModelParts) -> tuple[int, int]:
    """The number of codes in one z, and the number of values of each code.

    Raises:
        UserError: if the posterior is not VectorQuantized.
    """
    posterior = model.posterior
    if not isinstance(posterior, VectorQuantized):
        raise UserError(
            f"{type(model.prior).__name__} needs the posterior VectorQuantized, got {type(posterior).__name__}: take "
            f"`posterior=VectorQuantized()`"
        )
    return posterior.depth * posterior.num_groups(model), posterior.num_codes


def _codebook(params: Params) -> Array:
    return params["posterior"]["fixed"]["codebook"]


@dataclass
class UniformCodes(Prior):
    """Every code equally likely: log p(z) = −depth · groups · log num_codes. The prior of VectorQuantized.

    The rate of a VQ-VAE before a prior is fitted to its codes. van den Oord et al. 2017, section 3.1.
    """

    @property
    def space(self) -> Space:
        """Vectors of a codebook."""
        return CODEBOOK

    def distribution(self, model: ModelParts, params: Params) -> distributions.CodebookVectors:
        """p(z) over `[latent_dim]`."""
        logits = jnp.zeros(code_sizes(model))
        return distributions.CodebookVectors(distributions.Categorical(logits), _codebook(params))


@dataclass
class AutoregressiveCodes(Prior):
    """A learned product of conditionals over the codes: p(z) = Π_s p(c_s | c_1 … c_(s−1)). For VectorQuantized.

    One masked network (MADE) gives the probabilities. It sees the earlier codes as one-hot vectors, first those of the
    first level. No gradient passes from it to the codes. A density takes one pass, a sample one pass for each code. It
    starts near UniformCodes. With `objective.first_stage_steps` there is a second stage, in which the codes are fixed
    and only this prior is fitted. van den Oord et al. 2017, section 3.3; Germain et al. 2015.

    Args:
        features: widths of the hidden layers [units]; `()` makes the network linear.
        activation: after each hidden layer, as in `MLP`.

    Raises:
        UserError: for a number below 1 or an unknown activation.
    """

    features: tuple[int, ...] = (128, 128)
    activation: str = "relu"

    def __post_init__(self) -> None:
        self._made(1, 2)  # its checks

    @property
    def space(self) -> Space:
        """Vectors of a codebook."""
        return CODEBOOK

    def _made(self, length: int, num_codes: int) -> MADE:
        return MADE(length, num_codes, 0, self.features, self.activation, num_inputs=num_codes)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The weights of the network."""
        del examples
        return self._made(*code_sizes(model)).init(key)

    def distribution(self, model: ModelParts, params: Params) -> distributions.CodebookVectors:
        """p(z) over `[latent_dim]`."""
        indices = distributions.AutoregressiveCategorical(self._made(*code_sizes(model)), params["prior"])
        return distributions.CodebookVectors(indices, _codebook(params))
