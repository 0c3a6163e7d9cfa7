"""Columns with an offset so large that float32 would lose their changes."""

from collections.abc import Sequence

import numpy as np

from jaxvae.data.arrays import MOST_EXACT
from jaxvae.errors import UserError

_FARTHEST = 100.0  # from 0, in ranges of the column: beyond, float32 would lose two digits and more
_LARGEST = 2**62  # of integers that are subtracted exactly
_ROWS, _SHARE_KEPT = 10_000, 0.9  # of as many random numbers, float32 keeps all except a few


def offset_of(column: np.ndarray) -> int:
    """The offset to subtract from a column before the cast to float32: a round number near its median, or 0.

    Time stamps of 1.7e9 seconds are 128 seconds apart in float32.

    >>> offset_of(np.array([1_700_000_003.0, 1_700_000_401.0, 1_700_000_730.0])), offset_of(np.array([2.5, 0.5]))
    (1700000000, 0)
    """
    if column.dtype.kind not in "iuf" or column.dtype.itemsize < (8 if column.dtype.kind == "f" else 4):
        return 0
    least, most = float(column.min()), float(column.max())
    largest, span = max(abs(least), abs(most)), most - least
    is_near = span == 0.0 or largest <= _FARTHEST * span
    if not 1.0 <= largest < _LARGEST or (is_near and largest <= MOST_EXACT):
        return 0
    step = 10 ** int(np.ceil(np.log10(max(span, 1.0))))
    return round(float(np.median(column)) / step) * step


def without_offsets(parts: Sequence[np.ndarray], offsets: Sequence[float], where: str) -> list[np.ndarray]:
    """The tables minus the offset of each column, in float64; unchanged if all offsets are 0.

    Raises:
        UserError: if the number of offsets differs from the number of columns.
    """
    for part in parts:
        if part.ndim != 2 or part.shape[1] != len(offsets):
            raise UserError(
                f"`offsets` must be one number for each column of a table, got {len(offsets)} for {where} with "
                f"examples of shape {part.shape[1:]}: leave it out, or for a run, which keeps its offsets, give `data` "
                f"with {len(offsets)} columns"
            )
    if not any(offsets):
        return list(parts)
    whole = all(part.dtype.kind in "iu" for part in parts) and all(float(offset).is_integer() for offset in offsets)
    exact = np.int64 if whole else np.float64
    return [(part.astype(exact) - np.array([exact(offset) for offset in offsets])).astype(np.float64) for part in parts]


def values_kept(column: np.ndarray) -> tuple[int, int] | None:
    """How many values of the first rows stay different in float32, and how many there are; None if nearly all do."""
    different = np.unique(column[:_ROWS])
    with np.errstate(over="ignore"):
        kept = len(np.unique(different.astype(np.float32)))
    return (kept, len(different)) if kept < _SHARE_KEPT * len(different) else None
