"""A posterior with dimensions of pure noise appended."""

import dataclasses
from typing import Self

import jax.numpy as jnp

from jaxvae.appended_noise import before_noise, noise_space
from jaxvae.checks import check_component, check_range
from jaxvae.distributions import Distribution
from jaxvae.distributions.joined import with_noise
from jaxvae.model import ModelParts
from jaxvae.posteriors.diagonal_normal import DiagonalNormal
from jaxvae.posteriors.posterior import Posterior
from jaxvae.pytrees import dataclass
from jaxvae.spaces import Space
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class WithNoise(Posterior):
    """Another posterior, and dimensions of standard normal noise that do not depend on x: z' = [z; e].

    q(z'|x) = q(z|x) N(e; 0, I)

    The decoder sees the noise. The KL to a prior with the same noise is that of z alone: e adds exactly 0.

    Args:
        posterior: posterior of the first latent_dim − noise_dim dimensions.
        noise_dim: number of noise dimensions at the end of z' [dimensions].

    Raises:
        UserError: for a number below 1, or (from a model) a number that leaves no other dimension.
    """

    posterior: Posterior = DiagonalNormal()
    noise_dim: int = 1

    def __post_init__(self) -> None:
        check_range(self, at_least=1, noise_dim=self.noise_dim)
        check_component(self, Posterior, posterior=self.posterior)

    @property
    def without_noise(self) -> Posterior:
        """The posterior of the other dimensions."""
        return self.posterior

    @property
    def space(self) -> Space:
        """Real vectors if the other dimensions are real, else their space with noise."""
        return noise_space(self.posterior.space, self.noise_dim)

    def check_model(self, model: ModelParts) -> None:
        """Check that the other posterior fits the other dimensions."""
        before_noise(model, self)

    def decoder_input(self, model: ModelParts, z: Array) -> Array:
        """The decoder's view of the other dimensions, and the noise."""
        inner = before_noise(model, self)
        shown = self.posterior.decoder_input(inner, z[: inner.latent_dim])
        return jnp.concatenate([shown, z[inner.latent_dim :]])

    def parameter_shape(self, model: ModelParts) -> Shape:
        """The shape of the other posterior: noise needs no outputs."""
        return self.posterior.parameter_shape(before_noise(model, self))

    def init(self, key: Key, model: ModelParts) -> Params:
        """The parameters of the other posterior."""
        return self.posterior.init(key, before_noise(model, self))

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> Distribution:
        """q(z'|x) over `[latent_dim]`."""
        inner = before_noise(model, self)
        return with_noise(self.posterior.distribution(inner, params, outputs), inner.latent_dim, self.noise_dim)

    def at_step(self, step: Array) -> Self:
        """With the other posterior at a training step."""
        return dataclasses.replace(self, posterior=self.posterior.at_step(step))

    def for_run(self, num_steps: int) -> Self:
        """With the other posterior for a run."""
        posterior = self.posterior.for_run(num_steps)
        return self if posterior is self.posterior else dataclasses.replace(self, posterior=posterior)
