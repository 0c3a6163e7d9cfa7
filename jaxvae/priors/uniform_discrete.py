"""Uniform priors over discrete and relaxed latents."""

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.model import ModelParts
from jaxvae.priors.prior import Prior
from jaxvae.pytrees import dataclass
from jaxvae.spaces import BINARY, LOG_ODDS, Space, log_probabilities, one_hot
from jaxvae.typing import Params


@dataclass
class UniformCategorical(Prior):
    """Equal classes: p(z) = num_classes^(−groups) for one-hot groups. The prior of Categorical.

    Args:
        num_classes: that of the posterior, ≥ 2.

    Raises:
        UserError: for fewer than 2 classes.
    """

    num_classes: int = 4

    def __post_init__(self) -> None:
        check_range(self, at_least=2, num_classes=self.num_classes)

    @property
    def space(self) -> Space:
        """One-hot vectors."""
        return one_hot(self.num_classes)

    def distribution(self, model: ModelParts, params: Params) -> distributions.OneHot:
        """p(z) over `[latent_dim]`."""
        del params
        return distributions.OneHot(jnp.zeros(model.latent_dim), self.num_classes)


@dataclass
class UniformBernoulli(Prior):
    """Fair coins: p(z) = 2^(−latent_dim) for binary z. The prior of Bernoulli."""

    @property
    def space(self) -> Space:
        """Binary vectors."""
        return BINARY

    def distribution(self, model: ModelParts, params: Params) -> distributions.Bernoulli:
        """p(z) over `[latent_dim]`."""
        del params
        return distributions.Bernoulli(jnp.zeros(model.latent_dim))


@dataclass
class UniformConcrete(Prior):
    """The relaxation of equal classes: z are log-probabilities, and every class has the same density. For Concrete.

    p(z) = Π_g Concrete(z_g; logits 0, τ). Maddison, Mnih and Teh 2017, section 3.3.

    Args:
        num_classes: that of the posterior, ≥ 2.
        temperature: τ > 0; it may differ from the posterior's. The density of softmax(z) has its modes in the corners
            for τ ≤ 1 / (num_classes − 1). For 2 classes it is uniform at τ = 1.

    Raises:
        UserError: for a number out of range.
    """

    num_classes: int = 4
    temperature: float = 0.5  # as Maddison et al. 2017, section 5.2

    def __post_init__(self) -> None:
        check_range(self, at_least=2, num_classes=self.num_classes)
        check_range(self, above=0.0, temperature=self.temperature)

    @property
    def space(self) -> Space:
        """Log-probabilities of classes."""
        return log_probabilities(self.num_classes)

    def distribution(self, model: ModelParts, params: Params) -> distributions.Concrete:
        """p(z) over `[latent_dim]`."""
        del params
        return distributions.Concrete(jnp.zeros(model.latent_dim), jnp.asarray(self.temperature), self.num_classes)


@dataclass
class UniformBinaryConcrete(Prior):
    """The relaxation of fair coins: p(z) = Π_d BinaryConcrete(z_d; logit 0, τ). For BinaryConcrete.

    z are log-odds. Maddison, Mnih and Teh 2017, appendix B.

    Args:
        temperature: τ > 0; it may differ from the posterior's. sigmoid(z) is uniform for τ = 1.

    Raises:
        UserError: for a temperature that is not above 0.
    """

    temperature: float = 0.5  # as Maddison et al. 2017, section 5.2

    def __post_init__(self) -> None:
        check_range(self, above=0.0, temperature=self.temperature)

    @property
    def space(self) -> Space:
        """Log-odds."""
        return LOG_ODDS

    def distribution(self, model: ModelParts, params: Params) -> distributions.BinaryConcrete:
        """p(z) over `[latent_dim]`."""
        del params
        return distributions.BinaryConcrete(jnp.zeros(model.latent_dim), jnp.asarray(self.temperature))
