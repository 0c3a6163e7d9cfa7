"""Weights between 0 and 1 by training step, for the KL term."""

import abc

import jax
import jax.numpy as jnp

from jaxvae.checks import check_range
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array


class Schedule(abc.ABC):
    """A weight in [0, 1] as a function of the training step."""

    @property
    @abc.abstractmethod
    def warmup_steps(self) -> int:
        """The step from which the weight stays 1 [steps]; early stopping waits for it."""

    @abc.abstractmethod
    def __call__(self, step: Array) -> Array:
        """The weight at `step` (from 0), `[]`."""


@dataclass
class Constant(Schedule):
    """The weight is 1 at every step."""

    @property
    def warmup_steps(self) -> int:
        """0: there is no warm-up [steps]."""
        return 0

    def __call__(self, step: Array) -> Array:
        """1."""
        return jnp.ones_like(step, dtype=float)


@dataclass
class Linear(Schedule):
    """The weight rises linearly from 0: min(1, step / steps). Bowman et al. 2016; Sønderby et al. 2016, section 2.3.

    Args:
        steps: when the weight reaches 1 [steps].
    """

    steps: int = 1000

    def __post_init__(self) -> None:
        check_range(self, at_least=1, steps=self.steps)

    @property
    def warmup_steps(self) -> int:
        """`steps` [steps]."""
        return self.steps

    def __call__(self, step: Array) -> Array:
        """min(1, step / steps)."""
        return jnp.minimum(1.0, jnp.asarray(step, float) / self.steps)


@dataclass
class Sigmoid(Schedule):
    """The weight rises along a logistic curve: sigmoid(sharpness · (2 step / steps − 1)), 1 from `steps` on.

    Bowman et al. 2016, section 3.1.

    Args:
        steps: when the weight becomes 1 [steps]; at half of them it is ½.
        sharpness: the weight starts at sigmoid(−sharpness).

    Raises:
        UserError: for a number of steps below 1 or a sharpness that is not above 0.
    """

    steps: int = 1000
    sharpness: float = 6.0

    def __post_init__(self) -> None:
        check_range(self, at_least=1, steps=self.steps)
        check_range(self, above=0.0, sharpness=self.sharpness)

    @property
    def warmup_steps(self) -> int:
        """`steps` [steps]."""
        return self.steps

    def __call__(self, step: Array) -> Array:
        """sigmoid(sharpness · (2 step / steps − 1)), then 1."""
        phase = 2.0 * jnp.asarray(step, float) / self.steps - 1.0
        return jnp.where(step < self.steps, jax.nn.sigmoid(self.sharpness * phase), 1.0)


@dataclass
class Cyclical(Schedule):
    """The weight rises linearly from 0 in each of several cycles, then stays 1. Fu et al. 2019, equation 6.

    τ = (step mod period) / period,  weight = min(1, τ / ramp) for step < cycles · period, else 1

    Args:
        period: length of one cycle [steps].
        cycles: number of cycles.
        ramp: share of a cycle in which the weight rises [fraction of a cycle].

    Example:
        >>> [float(Cyclical(period=8, cycles=2, ramp=0.5)(jnp.asarray(step))) for step in (0, 2, 4, 7, 8, 10, 16)]
        [0.0, 0.5, 1.0, 1.0, 0.0, 0.5, 1.0]
    """

    period: int = 1000
    cycles: int = 4
    ramp: float = 0.5

    def __post_init__(self) -> None:
        check_range(self, at_least=1, period=self.period, cycles=self.cycles)
        check_range(self, warmup_steps=self.warmup_steps)  # their product
        check_range(self, above=0.0, at_most=1.0, ramp=self.ramp)

    @property
    def warmup_steps(self) -> int:
        """cycles · period [steps]."""
        return self.cycles * self.period

    def __call__(self, step: Array) -> Array:
        """min(1, τ / ramp) in the cycles, 1 after them."""
        phase = jnp.asarray(jnp.mod(step, self.period), float) / self.period
        return jnp.where(step < self.warmup_steps, jnp.minimum(1.0, phase / self.ramp), 1.0)
