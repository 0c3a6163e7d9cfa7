"""The spaces of latents."""

import dataclasses
from typing import Any

import jax


@dataclasses.dataclass(frozen=True)
class Space:
    """A set of latents: the support that a posterior and its prior must share.

    Args:
        name: its name in messages and tables.
        parameters: numbers that define the set (the curvature of a ball, the classes of a one-hot code).
        is_of_points: whether posteriors put all mass on one point, so that no prior can be made of them.
    """

    name: str
    parameters: tuple[Any, ...] = ()
    is_of_points: bool = False

    def __str__(self) -> str:
        return f"{self.name}{list(self.parameters) if self.parameters else ''}"

    def fits(self, other: "Space | None") -> bool:
        """Whether the two are the same set; None (a prior made of its posterior) fits all except spaces of points.

        Traced numbers are not known and count as equal.
        """
        if other is None:
            return not self.is_of_points
        if self.name != other.name or len(self.parameters) != len(other.parameters):
            return False
        return all(_equal(one, another) for one, another in zip(self.parameters, other.parameters, strict=True))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Space) and isinstance(other, Space):
        return one.fits(other)
    return isinstance(one, jax.Array) or isinstance(other, jax.Array) or one == other


REAL = Space("real vectors")
BINARY = Space("binary vectors")
LOG_ODDS = Space("log-odds")
SPHERE = Space("unit sphere")
CODEBOOK = Space("vectors of a codebook", is_of_points=True)


def one_hot(num_classes: int) -> Space:
    """Flat vectors of one-hot groups of `num_classes`."""
    return Space("one-hot vectors", (num_classes,))


def class_and_real(num_classes: int) -> Space:
    """A one-hot vector of `num_classes`, and real numbers behind it."""
    return Space("a class and real vectors", (num_classes,))


def log_probabilities(num_classes: int) -> Space:
    """Flat vectors of groups of the log-probabilities of `num_classes` classes, each group up to a constant."""
    return Space("log-probabilities", (num_classes,))


def poincare_ball(curvature: Any) -> Space:
    """Points of length below 1/√curvature, with hyperbolic distances."""
    return Space("Poincare ball", (curvature,))
