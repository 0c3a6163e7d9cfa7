"""Posteriors over relaxed discrete latents, and over discrete ones with the gradient of the relaxed."""

import dataclasses
from typing import TYPE_CHECKING, Self

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.distributions.one_hot import check_groups
from jaxvae.posteriors.posterior import Posterior
from jaxvae.posteriors.temperature import TemperatureSchedule
from jaxvae.pytrees import dataclass
from jaxvae.spaces import BINARY, UNIT_CUBE, Space, one_hot, simplex
from jaxvae.typing import Array, Params, Shape

if TYPE_CHECKING:
    from jaxvae.vae import VAE


def _now(temperature: float | TemperatureSchedule) -> Array:
    """The temperature, which a schedule that was not asked at a step has brought to its end."""
    return jnp.asarray(temperature.end if isinstance(temperature, TemperatureSchedule) else temperature)


@dataclass
class Concrete(Posterior):
    """Relaxed categorical latents (Concrete, Gumbel-softmax): z on simplices, flat, with reparameterized draws.

    z_g = softmax((logits_g + G) / τ),  logits = encoder(x),  G_k ~ Gumbel(0, 1)

    Relaxed, the model is one with a density on the simplex: its prior is UniformConcrete, and its ELBO a true bound of
    its own log p(x), not of a discrete model's (Maddison, Mnih and Teh 2017, section 3.3). With `straight_through` z is
    the nearest one-hot vector, its prior UniformCategorical and the ELBO that of the discrete model; only the gradient
    is that of the relaxed draw, hence biased (Jang, Gu and Poole 2017, section 2.2).

    Args:
        num_classes: classes of each latent, ≥ 2.
        temperature: τ > 0, a number or a schedule: Geometric.
        straight_through: one-hot draws with the gradient of the relaxed ones.

    Raises:
        UserError: for a number out of range; from a model whose latent_dim is no multiple of num_classes.
    """

    num_classes: int = 4
    temperature: float | TemperatureSchedule = 2 / 3  # as Maddison et al. 2017, section 5.2
    straight_through: bool = False

    def __post_init__(self) -> None:
        check_range(self, at_least=2, num_classes=self.num_classes)
        check_range(self, above=0.0, temperature=self.temperature)

    @property
    def space(self) -> Space:
        """Simplices, or one-hot vectors with `straight_through`."""
        return (one_hot if self.straight_through else simplex)(self.num_classes)

    def check_model(self, vae: "VAE") -> None:
        """Check that the latent dimensions are whole groups."""
        check_groups(self, vae.latent_dim, self.num_classes, "--latent_dim")

    def parameter_shape(self, vae: "VAE") -> Shape:
        """One logit for each class of each latent: `(latent_dim,)`."""
        return (vae.latent_dim,)

    def distribution(
        self, vae: "VAE", params: Params, outputs: Array
    ) -> distributions.Concrete | distributions.StraightThrough:
        """q(z|x) over `[latent_dim]`."""
        del vae, params
        relaxed = distributions.Concrete(outputs, _now(self.temperature), self.num_classes)
        if not self.straight_through:
            return relaxed
        return distributions.StraightThrough(distributions.OneHot(outputs, self.num_classes), relaxed)

    def at_step(self, step: Array) -> Self:
        """With the temperature of that step."""
        if not isinstance(self.temperature, TemperatureSchedule):
            return self
        return dataclasses.replace(self, temperature=self.temperature(step))


@dataclass
class BinaryConcrete(Posterior):
    """Relaxed binary latents: z in (0, 1)^latent_dim, with reparameterized draws.

    z = sigmoid((logits + L) / τ),  logits = encoder(x),  L_d ~ Logistic(0, 1)

    Relaxed, the prior is UniformBinaryConcrete and the ELBO a true bound of the relaxed model (Maddison, Mnih and Teh
    2017, appendix B). With `straight_through` z is the nearest binary vector, the prior UniformBernoulli and the ELBO
    that of the discrete model; only the gradient is that of the relaxed draw, hence biased.

    Args:
        temperature: τ > 0, a number or a schedule: Geometric.
        straight_through: binary draws with the gradient of the relaxed ones.

    Raises:
        UserError: for a temperature that is not above 0.
    """

    temperature: float | TemperatureSchedule = 2 / 3  # as Maddison et al. 2017, section 5.2
    straight_through: bool = False

    def __post_init__(self) -> None:
        check_range(self, above=0.0, temperature=self.temperature)

    @property
    def space(self) -> Space:
        """The unit cube, or binary vectors with `straight_through`."""
        return BINARY if self.straight_through else UNIT_CUBE

    def parameter_shape(self, vae: "VAE") -> Shape:
        """One logit for each latent dimension: `(latent_dim,)`."""
        return (vae.latent_dim,)

    def distribution(
        self, vae: "VAE", params: Params, outputs: Array
    ) -> distributions.BinaryConcrete | distributions.StraightThrough:
        """q(z|x) over `[latent_dim]`."""
        del vae, params
        relaxed = distributions.BinaryConcrete(outputs, _now(self.temperature))
        return (
            distributions.StraightThrough(distributions.Bernoulli(outputs), relaxed)
            if self.straight_through
            else relaxed
        )

    def at_step(self, step: Array) -> Self:
        """With the temperature of that step."""
        if not isinstance(self.temperature, TemperatureSchedule):
            return self
        return dataclasses.replace(self, temperature=self.temperature(step))
