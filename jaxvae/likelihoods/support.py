"""The values that data may take, checked once before use."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Protocol

import numpy as np
from jax.core import Tracer

from jaxvae.errors import UserError
from jaxvae.numerics import SMALLEST_NORMAL
from jaxvae.typing import Array, Shape

MAX_LEVELS = 65_536  # 16 bits: float32 still tells neighbours apart
_CANDIDATES = (0.0, 1.0, 0.5)  # values that stand for hidden ones: nearly every set has one
_ROUNDING = 2.0**-22  # of a level in float32 [data units]


@dataclasses.dataclass(frozen=True)
class Support:
    """A set of allowed data values.

    Args:
        name: of the set, in an error message.
        contains: for an array of values, which of them are allowed.
        is_discrete: whether a log-probability is a probability mass, so that bits need no bin width.
        num_levels: the number of levels if the values are g / (num_levels − 1) in [0, 1], else None.
        is_raw: whether integer data are used as they are stored, not as shares of the largest value.
        fix: what to change if data lie outside; by default the fix for grey levels.
        columns: for rows of a table, the support of each column.
        is_nominal: whether values are names of classes, so that they have no order and no mean.
    """

    name: str
    contains: Callable[[np.ndarray], np.ndarray]
    is_discrete: bool
    num_levels: int | None = None
    is_raw: bool = False
    fix: str | None = None
    columns: "tuple[Support, ...]" = ()
    is_nominal: bool = False

    def some_value(self, shape: Shape) -> np.ndarray:
        """A value of the set for every entry of ONE example of that shape, to stand for hidden ones.

        >>> POSITIVE.some_value((2,)).tolist()
        [1.0, 1.0]
        """
        if self.columns:
            return np.stack([column.some_value(()) for column in self.columns])
        found = next((value for value in _CANDIDATES if self.contains(np.asarray(value, np.float32)).all()), 0.0)
        return np.full(shape, found, np.float32)


BINARY = Support("{0, 1}", lambda x: (x == 0) | (x == 1), is_discrete=True, num_levels=2)
REAL = Support("finite real numbers", np.isfinite, is_discrete=False)
POSITIVE = Support("real numbers above 0", lambda x: (x >= SMALLEST_NORMAL) & np.isfinite(x), is_discrete=False)
UNIT_INTERVAL = Support("[0, 1]", lambda x: (x >= 0) & (x <= 1), is_discrete=False)


@functools.cache  # equal numbers of levels share one support
def levels(num_levels: int) -> Support:
    """The support {0, 1/(num_levels − 1), …, 1}: grey levels over their largest.

    >>> levels(5).contains(np.array([0.25, 0.3, 1.25])).tolist()
    [True, False, False]
    """
    last = num_levels - 1

    def contains(x: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):  # NaN is on no level
            return (x >= 0) & (x <= 1) & (np.abs(x - np.round(x * last) / last) <= _ROUNDING)

    name = f"{{0, 1/{last}, …, 1}}" if last > 1 else "{0, 1}"
    return Support(name, contains, is_discrete=True, num_levels=num_levels)


COUNTS = Support(
    "the counts {0, 1, 2, …}",
    lambda x: (x >= 0) & (x == np.round(x)) & np.isfinite(x),
    is_discrete=True,
    is_raw=True,
    fix="save whole numbers >= 0 (without `scale=True`), or take `likelihood=Normal()`",
)


def codes(num_codes: int, *, is_nominal: bool = False) -> Support:
    """The codes of `num_codes` classes, as floats."""
    return Support(
        f"the codes {{0, …, {num_codes - 1}}}",
        lambda x: (x >= 0) & (x == np.round(x)) & (x < num_codes),
        is_discrete=True,
        is_raw=True,
        is_nominal=is_nominal,
    )


class HasSupport(Protocol):
    """A likelihood, as far as the check of data needs it."""

    @property
    def support(self) -> Support:
        """The values that data may take."""
        ...


def check_values(owner: HasSupport, x: Array, observed: Array | None = None) -> None:
    """Check that ONE example holds values of a likelihood's support; unknown values, as under `jit`, pass.

    Args:
        owner: the likelihood.
        x: the example; hidden entries hold a value of the support.
        observed: which entries were seen, or None for all.

    Values between grey levels pass if they are in [0, 1]: what their log-probability means is up to the caller.

    Raises:
        UserError: with the support, the values and the fix.
    """
    if isinstance(x, Tracer) or isinstance(observed, Tracer):
        return
    support, values = owner.support, np.asarray(x)
    lie_inside = (values >= 0) & (values <= 1) if support.num_levels is not None else support.contains(values)
    if not np.all(lie_inside):
        for name, wrong in (("NaN", np.isnan(values)), ("infinite numbers", np.isinf(values))):
            if wrong.any():
                raise UserError(
                    f"x must hold values of {support.name} under {type(owner).__name__}, got {int(wrong.sum()):,} "
                    f"{name}: mend them, or mark them as hidden in jaxvae.Observation(x, observed)"
                )
        values = values if observed is None else values[np.asarray(observed)]
        least, most = np.min(values), np.max(values)
        fix = support.fix or (f"write x / {most:g}" if support.num_levels is not None and least >= 0 else "")
        raise UserError(
            f"x must hold values of {support.name} under {type(owner).__name__}, got {least:g} to {most:g}"
            + (f": {fix}" if fix else "")
        )
