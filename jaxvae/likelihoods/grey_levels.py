"""How many grey levels a likelihood is of: given, or that of the data in a run."""

import dataclasses
from typing import TypeVar

from jaxvae.errors import UserError
from jaxvae.likelihoods.likelihood import Likelihood

_L = TypeVar("_L", bound=Likelihood)


def with_levels(likelihood: _L, name: str, number: int | None) -> _L:
    """The likelihood with `number` in the field `name` where that was left to the data, which have one."""
    if number is None or getattr(likelihood, name) is not None:
        return likelihood
    return dataclasses.replace(likelihood, **{name: number})  # type: ignore[type-var]


def known_levels(likelihood: Likelihood, name: str) -> int:
    """The field `name` of a likelihood, where it is a number.

    Raises:
        UserError: if it was left to data that are not known here, or are no grey levels.
    """
    number = getattr(likelihood, name)
    if number is None:
        kind = type(likelihood).__name__
        raise UserError(
            f"{kind}.{name} must be a number where the data are no grey levels, or not known yet; got None. For grey "
            f"levels give it, {256 if name == 'num_levels' else 255} for 8-bit images; for reals take Normal, for "
            f"counts NegativeBinomial"
        )
    return number
