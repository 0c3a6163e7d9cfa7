"""Where latents live, and what fits what: the one table that errors, documentation and tests are made from."""

import dataclasses
from types import ModuleType
from typing import Any

import jax

from jaxvae.errors import UserError


@dataclasses.dataclass(frozen=True)
class Space:
    """A set of latents: the support that a posterior and its prior must share.

    Args:
        name: as it stands in messages and tables.
        parameters: numbers that make another set of it (the curvature of a ball, the classes of a one-hot code).
    """

    name: str
    parameters: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}{list(self.parameters) if self.parameters else ''}"

    def fits(self, other: "Space | None") -> bool:
        """Whether the two are the same set; None, a prior that takes over its posterior's space, fits every one.

        Numbers that are traced are not known, and count as equal.
        """
        if other is None:
            return True
        if self.name != other.name or len(self.parameters) != len(other.parameters):
            return False
        return all(_equal(one, another) for one, another in zip(self.parameters, other.parameters, strict=True))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Space) and isinstance(other, Space):
        return one.fits(other)
    return isinstance(one, jax.Array) or isinstance(other, jax.Array) or one == other


REAL = Space("real vectors")
SPHERE = Space("unit sphere")


def poincare_ball(curvature: Any) -> Space:
    """Points of length below 1/√curvature, with hyperbolic distances."""
    return Space("Poincare ball", (curvature,))


def check_fit(posterior: Any, prior: Any) -> None:
    """Check that a posterior and a prior live in one space.

    Raises:
        UserError: naming both sides and what would fit each.
    """
    if posterior.space.fits(prior.space):
        return
    from jaxvae import posteriors, priors

    sides = f"{type(posterior).__name__} over {posterior.space} and {type(prior).__name__} over {prior.space}"
    if posterior.space.name == prior.space.name:
        raise UserError(f"the posterior and the prior must share one space, got {sides}: give both the same numbers")
    priors_that_fit = [name for name, one in members(priors) if posterior.space.fits(one.space)]
    posteriors_that_fit = [name for name, one in members(posteriors) if one.space.fits(prior.space)]
    raise UserError(
        f"the posterior and the prior must share one space, got {sides}: with this posterior use --prior "
        f"{' or '.join(priors_that_fit) or 'one of your own'}, with this prior use --posterior "
        f"{' or '.join(posteriors_that_fit) or 'one of your own'}"
    )


def members(family: ModuleType) -> list[tuple[str, Any]]:
    """The components that a family's module exports, by name, each with its defaults."""
    classes: list[tuple[str, Any]] = [(name, getattr(family, name)) for name in family.__all__]
    return [(name, cls()) for name, cls in classes if dataclasses.is_dataclass(cls) and isinstance(cls, type)]
