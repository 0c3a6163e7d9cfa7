"""Posteriors over relaxed discrete latents, and over discrete latents with the gradient of the relaxed ones."""

import dataclasses
from typing import Self, TypeVar

import jax
import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.distributions.concrete import softmax_of_groups
from jaxvae.distributions.one_hot import check_groups
from jaxvae.model import ModelParts
from jaxvae.posteriors.posterior import Posterior
from jaxvae.posteriors.temperature import TemperatureSchedule
from jaxvae.pytrees import dataclass
from jaxvae.spaces import BINARY, LOG_ODDS, Space, log_probabilities, one_hot
from jaxvae.typing import Array, Params, Shape

_Relaxed = TypeVar("_Relaxed", "Concrete", "BinaryConcrete")


def _now(temperature: float | TemperatureSchedule) -> Array:
    """The temperature; of a schedule, outside of training, its last value."""
    return jnp.asarray(temperature.end if isinstance(temperature, TemperatureSchedule) else temperature)


def _for_run(posterior: _Relaxed, num_steps: int) -> _Relaxed:
    """A relaxed posterior with the schedule of its temperature for a run."""
    schedule = posterior.temperature
    resolved = schedule.for_run(num_steps) if isinstance(schedule, TemperatureSchedule) else schedule
    return posterior if resolved is schedule else dataclasses.replace(posterior, temperature=resolved)


@dataclass
class Concrete(Posterior):
    """Relaxed categorical latents (Concrete, Gumbel-softmax), flat, with reparameterized draws.

    z_g = log softmax((logits_g + G) / τ),  logits = encoder(x),  G_k ~ Gumbel(0, 1)

    z are log-probabilities, which do not round to 0 as probabilities do. The decoder sees softmax(z_g). The prior is
    UniformConcrete, and the ELBO bounds log p(x) of this relaxed model, not of a discrete one (Maddison, Mnih and Teh
    2017, section 3.3 and appendix C.3). With `straight_through` z is the nearest one-hot vector, its prior is
    UniformCategorical, and the ELBO is that of the discrete model. Only the gradient comes from the relaxed draw, so it
    is biased (Jang, Gu and Poole 2017, section 2.2).

    Args:
        num_classes: classes of each latent, ≥ 2.
        temperature: τ > 0, a number or a schedule: Geometric.
        straight_through: one-hot draws with the gradient of the relaxed ones.

    Raises:
        UserError: for a number out of range, or a model whose latent_dim is not a multiple of num_classes.
    """

    num_classes: int = 4
    temperature: float | TemperatureSchedule = 2 / 3  # as Maddison et al. 2017, section 5.2
    straight_through: bool = False

    def __post_init__(self) -> None:
        check_range(self, at_least=2, num_classes=self.num_classes)
        check_range(self, above=0.0, temperature=self.temperature)

    @property
    def space(self) -> Space:
        """Log-probabilities, or one-hot vectors with `straight_through`."""
        return (one_hot if self.straight_through else log_probabilities)(self.num_classes)

    def check_model(self, model: ModelParts) -> None:
        """Check that the latent dimensions form whole groups."""
        check_groups(self, model.latent_dim, self.num_classes, "`latent_dim`")

    def decoder_input(self, model: ModelParts, z: Array) -> Array:
        """softmax(z_g): points of simplices; z itself with `straight_through`."""
        del model
        return z if self.straight_through else softmax_of_groups(z, self.num_classes)

    def parameter_shape(self, model: ModelParts) -> Shape:
        """One logit for each class of each latent: `(latent_dim,)`."""
        return (model.latent_dim,)

    def distribution(
        self, model: ModelParts, params: Params, outputs: Array
    ) -> distributions.Concrete | distributions.StraightThrough:
        """q(z|x) over `[latent_dim]`."""
        del model, params
        relaxed = distributions.Concrete(outputs, _now(self.temperature), self.num_classes)
        if not self.straight_through:
            return relaxed
        return distributions.StraightThrough(distributions.OneHot(outputs, self.num_classes), relaxed)

    def at_step(self, step: Array) -> Self:
        """With the temperature of that step."""
        if not isinstance(self.temperature, TemperatureSchedule):
            return self
        return dataclasses.replace(self, temperature=self.temperature(step))

    def for_run(self, num_steps: int) -> Self:
        """With the schedule of its temperature for a run."""
        return _for_run(self, num_steps)


@dataclass
class BinaryConcrete(Posterior):
    """Relaxed binary latents, with reparameterized draws.

    z = (logits + L) / τ,  logits = encoder(x),  L_d ~ Logistic(0, 1)

    z are log-odds, which do not round as probabilities near 0 and 1 do. The decoder sees sigmoid(z). The prior is
    UniformBinaryConcrete, and the ELBO bounds the relaxed model's log p(x) (Maddison, Mnih and Teh 2017, appendix B).
    With `straight_through` z is the nearest binary vector, its prior is UniformBernoulli, and the ELBO is that of the
    discrete model. Only the gradient comes from the relaxed draw, so it is biased.

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
        """Log-odds, or binary vectors with `straight_through`."""
        return BINARY if self.straight_through else LOG_ODDS

    def decoder_input(self, model: ModelParts, z: Array) -> Array:
        """sigmoid(z), in (0, 1); z itself with `straight_through`."""
        del model
        return z if self.straight_through else jax.nn.sigmoid(z)

    def parameter_shape(self, model: ModelParts) -> Shape:
        """One logit for each latent dimension: `(latent_dim,)`."""
        return (model.latent_dim,)

    def distribution(
        self, model: ModelParts, params: Params, outputs: Array
    ) -> distributions.BinaryConcrete | distributions.StraightThrough:
        """q(z|x) over `[latent_dim]`."""
        del model, params
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

    def for_run(self, num_steps: int) -> Self:
        """With the schedule of its temperature for a run."""
        return _for_run(self, num_steps)
