"""Weights between 0 and 1 by training step, for the KL term."""

import abc
import dataclasses
from typing import Self

import jax
import jax.numpy as jnp

from jaxvae.checks import check_range
from jaxvae.pytrees import dataclass
from jaxvae.run_length import SHARE_OF_RUN, known_in_run, share_of_run
from jaxvae.typing import Array

_SHARE_OF_CYCLES = 0.5  # of the run's steps, that all cycles take together: scores count after them


class Schedule(abc.ABC):
    """A weight in [0, 1] as a function of the training step."""

    def for_run(self, num_steps: int) -> Self:
        """This schedule with options that depend on the length of the run as numbers; by default unchanged.

        Args:
            num_steps: of the whole run [steps].
        """
        del num_steps
        return self

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
        steps: number of steps after which the weight is 1 [steps]; by default `share` of the run.
        share: of the run [fraction].

    Raises:
        UserError: for fewer than 1 step, a share outside (0, 1], or outside of a run if no steps were given.

    Example:
        >>> Linear().for_run(num_steps=1000)
        Linear(steps=200, share=0.2)
    """

    steps: int | None = None
    share: float = SHARE_OF_RUN

    def __post_init__(self) -> None:
        check_range(self, at_least=1, steps=self.steps)
        check_range(self, above=0.0, at_most=1.0, share=self.share)

    def for_run(self, num_steps: int) -> Self:
        """The schedule with `steps`, if none were given."""
        if self.steps is not None:
            return self
        return dataclasses.replace(self, steps=share_of_run(num_steps, self.share))

    @property
    def warmup_steps(self) -> int:
        """`steps` [steps]."""
        return known_in_run(self, "steps")

    def __call__(self, step: Array) -> Array:
        """min(1, step / steps)."""
        return jnp.minimum(1.0, jnp.asarray(step, float) / self.warmup_steps)


@dataclass
class Sigmoid(Schedule):
    """The weight rises along a logistic curve: sigmoid(sharpness · (2 step / steps − 1)), 1 from `steps` on.

    Bowman et al. 2016, section 3.1.

    Args:
        steps: number of steps after which the weight is 1 [steps]; at half of them it is ½. By default a fifth of the
            run.
        sharpness: the weight starts at sigmoid(−sharpness).

    Raises:
        UserError: for fewer than 1 step, a sharpness that is not above 0, or outside of a run if no steps were given.
    """

    steps: int | None = None
    sharpness: float = 6.0

    def __post_init__(self) -> None:
        check_range(self, at_least=1, steps=self.steps)
        check_range(self, above=0.0, sharpness=self.sharpness)

    def for_run(self, num_steps: int) -> Self:
        """The schedule with `steps`, if none were given."""
        return self if self.steps is not None else dataclasses.replace(self, steps=share_of_run(num_steps))

    @property
    def warmup_steps(self) -> int:
        """`steps` [steps]."""
        return known_in_run(self, "steps")

    def __call__(self, step: Array) -> Array:
        """sigmoid(sharpness · (2 step / steps − 1)), then 1."""
        phase = 2.0 * jnp.asarray(step, float) / self.warmup_steps - 1.0
        return jnp.where(step < self.warmup_steps, jax.nn.sigmoid(self.sharpness * phase), 1.0)


@dataclass
class Cyclical(Schedule):
    """The weight rises linearly from 0 in each of several cycles, then stays 1. Fu et al. 2019, equation 6.

    τ = (step mod period) / period,  weight = min(1, τ / ramp) for step < cycles · period, else 1

    Args:
        period: length of one cycle [steps]; by default the cycles share the first half of the run.
        cycles: number of cycles.
        ramp: share of a cycle in which the weight rises [fraction of a cycle].

    Raises:
        UserError: for a number out of range, or outside of a run if no period was given.

    Example:
        >>> [float(Cyclical(period=8, cycles=2, ramp=0.5)(jnp.asarray(step))) for step in (0, 2, 4, 7, 8, 10, 16)]
        [0.0, 0.5, 1.0, 1.0, 0.0, 0.5, 1.0]
    """

    period: int | None = None
    cycles: int = 4
    ramp: float = 0.5

    def __post_init__(self) -> None:
        check_range(self, at_least=1, period=self.period, cycles=self.cycles)
        if self.period is not None:
            check_range(self, warmup_steps=self.warmup_steps)  # their product
        check_range(self, above=0.0, at_most=1.0, ramp=self.ramp)

    def for_run(self, num_steps: int) -> Self:
        """The schedule with `period`, if none was given."""
        if self.period is not None:
            return self
        return dataclasses.replace(self, period=share_of_run(num_steps, _SHARE_OF_CYCLES / self.cycles))

    @property
    def warmup_steps(self) -> int:
        """cycles · period [steps]."""
        return self.cycles * known_in_run(self, "period")

    def __call__(self, step: Array) -> Array:
        """min(1, τ / ramp) in the cycles, 1 after them."""
        period = known_in_run(self, "period")
        phase = jnp.asarray(jnp.mod(step, period), float) / period
        return jnp.where(step < self.warmup_steps, jnp.minimum(1.0, phase / self.ramp), 1.0)
