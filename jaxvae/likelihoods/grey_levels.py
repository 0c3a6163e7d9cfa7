"""The number of grey levels of a likelihood: given, or taken from the data in a run."""

import dataclasses
from typing import TypeVar

from jaxvae.errors import UserError
from jaxvae.likelihoods.likelihood import Likelihood

_L = TypeVar("_L", bound=Likelihood)


def with_levels(likelihood: _L, name: str, number: int | None) -> _L:
    """The likelihood with `number` in the field `name`, if the field was left to the data and they have a number."""
    if number is None or getattr(likelihood, name) is not None:
        return likelihood
    return dataclasses.replace(likelihood, **{name: number})  # type: ignore[type-var]


def known_levels(likelihood: Likelihood, name: str) -> int:
    """The field `name` of a likelihood, which must be a number.

    Raises:
        UserError: if it was left to data that are not known here, or are not grey levels.
    """
    number = getattr(likelihood, name)
    if number is None:
        kind = type(likelihood).__name__
        raise UserError(
            f"{kind}.{name} must be a number if the data are not grey levels, or not known yet; got None. For grey "
            f"levels give it, {256 if name == 'num_levels' else 255} for 8-bit images; for reals take Normal, for "
            f"counts NegativeBinomial"
        )
    return number
