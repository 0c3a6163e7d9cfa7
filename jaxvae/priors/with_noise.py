"""A prior with dimensions of pure noise appended."""

import dataclasses
from typing import Self

import numpy as np

from jaxvae.appended_noise import before_noise, noise_space
from jaxvae.checks import check_component, check_range
from jaxvae.distributions import Distribution
from jaxvae.distributions.joined import with_noise
from jaxvae.errors import UserError
from jaxvae.model import ModelParts
from jaxvae.observation import Example
from jaxvae.priors.prior import Figure, Prior
from jaxvae.priors.standard_normal import StandardNormal
from jaxvae.pytrees import dataclass
from jaxvae.spaces import REAL, Space
from jaxvae.typing import Array, Key, Params


@dataclass
class WithNoise(Prior):
    """Another prior, and dimensions of standard normal noise: p(z') = p(z) N(e; 0, I),  z' = [z; e].

    It is for the posterior `WithNoise` over a space other than real vectors (a sphere and noise). For real vectors use
    `StandardNormal`, which has those dimensions already.

    Args:
        prior: prior of the first latent_dim − noise_dim dimensions.
        noise_dim: number of noise dimensions at the end of z' [dimensions].

    Raises:
        UserError: for a number below 1, a prior that takes over the posterior's space, or (from a model) a number that
            leaves no other dimension.
    """

    prior: Prior = StandardNormal()
    noise_dim: int = 1

    def __post_init__(self) -> None:
        check_range(self, at_least=1, noise_dim=self.noise_dim)
        check_component(self, Prior, prior=self.prior)
        if self.prior.space is None:
            name = type(self.prior).__name__
            raise UserError(
                f"WithNoise.prior must have its own space, got {name}, which takes over the space of the posterior: "
                f"use {name} itself"
            )

    @property
    def without_noise(self) -> Prior:
        """The prior of the other dimensions."""
        return self.prior

    @property
    def space(self) -> Space:
        """Real vectors if the other dimensions are real, else their space with noise."""
        return noise_space(self.prior.space or REAL, self.noise_dim)

    def check_model(self, model: ModelParts) -> None:
        """Check that the other prior fits the other dimensions."""
        before_noise(model, self)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The parameters of the other prior."""
        return self.prior.init(key, before_noise(model, self), examples)

    @property
    def starts_at_codes(self) -> bool:
        """Whether the other prior does."""
        return self.prior.starts_at_codes

    def started_at_codes(self, own: Params, codes: np.ndarray) -> Params:
        """The other prior from the other dimensions of the codes."""
        return self.prior.started_at_codes(own, codes[:, : -self.noise_dim])

    def distribution(self, model: ModelParts, params: Params) -> Distribution:
        """p(z') over `[latent_dim]`."""
        inner = before_noise(model, self)
        return with_noise(self.prior.distribution(inner, params), inner.latent_dim, self.noise_dim)

    def given(self, model: ModelParts, params: Params, x: Example) -> Distribution:
        """p(z') as the terms of example `x` use it."""
        inner = before_noise(model, self)
        return with_noise(self.prior.given(inner, params, x), inner.latent_dim, self.noise_dim)

    def at_step(self, step: Array) -> Self:
        """With the other prior at a training step."""
        return dataclasses.replace(self, prior=self.prior.at_step(step))

    def for_training(self, key: Key) -> Self:
        """With the noise of the other prior for one training step."""
        return dataclasses.replace(self, prior=self.prior.for_training(key))

    def report(self, model: ModelParts, params: Params) -> dict[str, Figure]:
        """What the other prior reports."""
        return self.prior.report(before_noise(model, self), params)
