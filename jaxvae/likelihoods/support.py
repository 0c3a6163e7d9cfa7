"""The values that data may take, checked once at the door."""

import dataclasses
from collections.abc import Callable

import numpy as np


@dataclasses.dataclass(frozen=True)
class Support:
    """A set of allowed data values.

    Args:
        name: as it stands in an error message.
        contains: for an array of values, which of them are allowed.
        is_discrete: True where a log-probability is a probability mass, so that bits need no bin width.
        is_raw: True where integer data is taken as it is stored, not as shares of its largest value.
        fix: what to change where data lie outside; by default what helps with grey levels.
        columns: for rows of a table, the support of each column.
    """

    name: str
    contains: Callable[[np.ndarray], np.ndarray]
    is_discrete: bool
    is_raw: bool = False
    fix: str | None = None
    columns: "tuple[Support, ...]" = ()


BINARY = Support("{0, 1}", lambda x: (x == 0) | (x == 1), is_discrete=True)
REAL = Support("finite real numbers", np.isfinite, is_discrete=False)
COUNTS = Support(
    "the counts {0, 1, 2, …}",
    lambda x: (x >= 0) & (x == np.round(x)) & np.isfinite(x),
    is_discrete=True,
    is_raw=True,
    fix="save whole numbers >= 0 (and no --scale true), or take --likelihood Normal",
)

_TOLERANCE = 1e-3  # of a level: float32 holds g / maximum up to 1e-7, and other data lie off by far more


def levels(maximum: int) -> Support:
    """The grey levels g / maximum of [0, 1]."""

    def contains(x: np.ndarray) -> np.ndarray:
        level = np.where(np.isfinite(x), x, -1.0) * maximum
        return (np.abs(level - np.round(level)) < _TOLERANCE) & (np.round(level) >= 0) & (np.round(level) <= maximum)

    return Support(
        f"the levels {{0, 1, …, {maximum}}} / {maximum}",
        contains,
        is_discrete=True,
        fix="set --likelihood.total_count to the largest level of the data, or take --likelihood Normal",
    )


def codes(num_codes: int) -> Support:
    """The codes of so many classes, as floats."""
    return Support(
        f"the codes {{0, …, {num_codes - 1}}}",
        lambda x: (x >= 0) & (x == np.round(x)) & (x < num_codes),
        is_discrete=True,
        is_raw=True,
    )
