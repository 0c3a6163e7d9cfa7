"""A prior with dimensions of pure noise appended."""

import dataclasses
from typing import Self

from jaxvae.appended_noise import before_noise, noise_space
from jaxvae.checks import check_component, check_range
from jaxvae.distributions import Distribution, with_noise
from jaxvae.errors import UserError
from jaxvae.model import ModelParts
from jaxvae.priors.prior import Figure, Prior
from jaxvae.priors.standard_normal import StandardNormal
from jaxvae.pytrees import dataclass
from jaxvae.spaces import REAL, Space
from jaxvae.typing import Array, Key, Params


@dataclass
class WithNoise(Prior):
    """Another prior, and dimensions of standard normal noise: p(z') = p(z) N(e; 0, I),  z' = [z; e].

    For the posterior `WithNoise` where z is no real vector (a sphere and noise); over real vectors it is not needed
    beside `StandardNormal`, which has those dimensions already.

    Args:
        prior: of the first latent_dim − noise_dim dimensions.
        noise_dim: number of dimensions of noise, the last ones [dimensions].

    Raises:
        UserError: for a number below 1, or a prior that takes over its posterior's space (its noise included); from
            a model, for a number that leaves no other dimension.
    """

    prior: Prior = StandardNormal()
    noise_dim: int = 1

    def __post_init__(self) -> None:
        check_range(self, at_least=1, noise_dim=self.noise_dim)
        check_component(self, Prior, prior=self.prior)
        if self.prior.space is None:
            name = type(self.prior).__name__
            raise UserError(
                f"WithNoise.prior must have a space of its own, got {name}, which is made of the posterior, noise "
                f"included: use {name} itself"
            )

    @property
    def without_noise(self) -> Prior:
        """The prior of the other dimensions."""
        return self.prior

    @property
    def space(self) -> Space:
        """Real vectors if the other dimensions are, else their space with noise."""
        return noise_space(self.prior.space or REAL, self.noise_dim)

    def check_model(self, model: ModelParts) -> None:
        """Check that the other prior goes with the other dimensions."""
        before_noise(model, self)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The parameters of the other prior."""
        return self.prior.init(key, before_noise(model, self), examples)

    def distribution(self, model: ModelParts, params: Params) -> Distribution:
        """p(z') over `[latent_dim]`."""
        inner = before_noise(model, self)
        return with_noise(self.prior.distribution(inner, params), inner.latent_dim, self.noise_dim)

    def given(self, model: ModelParts, params: Params, x: Array) -> Distribution:
        """p(z') as the terms of example `x` use it."""
        inner = before_noise(model, self)
        return with_noise(self.prior.given(inner, params, x), inner.latent_dim, self.noise_dim)

    def at_step(self, step: Array) -> Self:
        """With the other prior as it is at a training step."""
        return dataclasses.replace(self, prior=self.prior.at_step(step))

    def for_training(self, key: Key) -> Self:
        """With the other prior as it is for one training step."""
        return dataclasses.replace(self, prior=self.prior.for_training(key))

    def report(self, model: ModelParts, params: Params) -> dict[str, Figure]:
        """What the other prior has to say."""
        return self.prior.report(before_noise(model, self), params)
