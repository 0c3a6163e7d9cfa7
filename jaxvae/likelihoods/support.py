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
    """

    name: str
    contains: Callable[[np.ndarray], np.ndarray]
    is_discrete: bool


BINARY = Support("{0, 1}", lambda x: (x == 0) | (x == 1), is_discrete=True)
REAL = Support("finite real numbers", np.isfinite, is_discrete=False)
