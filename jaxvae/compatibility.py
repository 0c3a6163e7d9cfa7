"""Which posterior fits which prior: the one table behind errors, documentation and tests."""

import dataclasses
from types import ModuleType
from typing import Any

from jaxvae import posteriors, priors
from jaxvae.errors import UserError, any_of
from jaxvae.spaces import Space


def check_fit(posterior: Any, prior: Any) -> None:
    """Check that a posterior and a prior live in one space.

    Raises:
        UserError: naming both sides and what would fit each.
    """
    if posterior.space.fits(prior.space):
        return
    got = (
        f"the posterior and the prior must share one space, got {type(posterior).__name__} over {posterior.space} and "
        f"{type(prior).__name__} over {prior.space or 'densities of the posterior'}"
    )
    if prior.space is not None and posterior.space.name == prior.space.name:
        raise UserError(f"{got}: give both the same numbers")
    priors_that_fit = [name for name, one in members(priors) if _alike(posterior.space, one.space)]
    posteriors_that_fit = [name for name, one in members(posteriors) if _alike(one.space, prior.space)]
    raise UserError(
        f"{got}: with this posterior use {any_of('prior', priors_that_fit)}, with this prior use "
        f"{any_of('posterior', posteriors_that_fit)}"
    )


def _alike(one: Space, other: Space | None) -> bool:
    """Whether the two fit once their numbers are made equal."""
    return one.fits(other) if other is None else one.name == other.name


def members(family: ModuleType) -> list[tuple[str, Any]]:
    """The components that a family's module exports, by name, each with its defaults."""
    classes: list[tuple[str, Any]] = [(name, getattr(family, name)) for name in family.__all__]
    return [
        (name, cls())
        for name, cls in classes
        if isinstance(cls, type) and dataclasses.is_dataclass(cls) and hasattr(cls, "space")
    ]
