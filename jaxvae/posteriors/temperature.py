"""Temperatures of relaxed posteriors by training step."""

import abc
import dataclasses
from typing import Self

import jax.numpy as jnp

from jaxvae.checks import check_range
from jaxvae.pytrees import dataclass
from jaxvae.run_length import known_in_run, share_of_run
from jaxvae.typing import Array

_SHARE = 0.5  # share of the run's steps: the other half trains at the last temperature


class TemperatureSchedule(abc.ABC):
    """A temperature as a function of the training step."""

    end: float
    """The temperature after training, which a model has outside of `at_step`."""

    def for_run(self, num_steps: int) -> Self:
        """This schedule with options that depend on the length of the run as numbers; by default unchanged.

        Args:
            num_steps: of the whole run [steps].
        """
        del num_steps
        return self

    @abc.abstractmethod
    def __call__(self, step: Array) -> Array:
        """The temperature at `step` (from 0), `[]`."""


@dataclass
class Geometric(TemperatureSchedule):
    """The temperature changes by a constant factor from step to step: start · (end / start)^min(1, step / steps).

    Jang, Gu and Poole 2017, section 4.1 (there exp(−r · step), but 0.5 at the least).

    Args:
        start: temperature of the first step, > 0.
        end: temperature from `steps` on, > 0.
        steps: number of steps until the end is reached [steps]; by default half of the run.

    Raises:
        UserError: for a number out of range, or outside of a run if no steps were given.

    Example:
        >>> [float(Geometric(start=1.0, end=0.25, steps=10)(jnp.asarray(step))) for step in (0, 5, 10, 20)]
        [1.0, 0.5, 0.25, 0.25]
    """

    start: float = 1.0
    end: float = 0.5
    steps: int | None = None

    def __post_init__(self) -> None:
        check_range(self, above=0.0, start=self.start, end=self.end)
        check_range(self, at_least=1, steps=self.steps)

    def for_run(self, num_steps: int) -> Self:
        """The schedule with `steps`, if none were given."""
        return self if self.steps is not None else dataclasses.replace(self, steps=share_of_run(num_steps, _SHARE))

    def __call__(self, step: Array) -> Array:
        """start · (end / start)^min(1, step / steps)."""
        progress = jnp.minimum(1.0, jnp.asarray(step, float) / known_in_run(self, "steps"))
        return self.start * jnp.asarray(self.end / self.start) ** progress
