"""Arrays of two axes as tables: the offset and the kind of each column, and notes on them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jaxvae.data.kinds import kind_of
from jaxvae.data.offsets import offset_of, values_kept, without_offsets

_MOST_NAMED = 10


class Table(NamedTuple):
    """The parts of a table, ready for the cast to float32."""

    parts: list[np.ndarray]
    offsets: tuple[float, ...]
    """The offset subtracted from each column; empty if the arrays are not a table."""
    kinds: tuple[str, ...]
    """The kind of each column as stored, see `infer_columns`; `real` if an offset was subtracted."""
    notes: list[str]


def as_table(parts: Sequence[np.ndarray], offsets: Sequence[float] | None, where: str) -> Table:
    """Arrays of two axes, examples first, as a table; other arrays, and those with NaN, are unchanged.

    Args:
        parts: the array of each split.
        offsets: numbers to subtract from the columns, nothing if empty; by default found from the data.
        where: the name of the data in a note.

    Raises:
        UserError: if `offsets` are given and do not fit the arrays.
    """
    parts = list(parts)
    is_table = all(part.ndim == 2 and part.size and part.dtype.kind in "biuf" for part in parts)
    is_table = is_table and len({part.shape[1] for part in parts}) == 1
    if offsets:
        parts = without_offsets(parts, offsets, where)
    if not is_table or not all(np.all(np.isfinite(part)) for part in parts):
        return Table(parts, (), (), [])
    columns = [np.concatenate([part[:, d] for part in parts]) for d in range(parts[0].shape[1])]
    found = [offset_of(column) for column in columns] if offsets is None else offsets or [0] * len(columns)
    kinds = tuple("real" if offset else kind_of(column) for column, offset in zip(columns, found, strict=True))
    if offsets is None:
        parts = without_offsets(parts, found, where)
    notes = [
        f"column {d} of {where}: {offset:,} was subtracted, since float32 would lose the last digits"
        for d, offset in enumerate(found)
        if offset
    ]
    for d in range(len(columns)):
        if lost := values_kept(np.concatenate([part[:, d] for part in parts])):
            notes.append(f"column {d} of {where}: float32 keeps {lost[0]:,} of {lost[1]:,} values apart")
    constant = [str(d) for d, column in enumerate(columns) if column.min() == column.max()]
    if constant:
        more = " …" if len(constant) > _MOST_NAMED else ""
        notes.append(f"of {where}, these columns never change: {', '.join(constant[:_MOST_NAMED])}{more}")
    return Table(parts, tuple(map(float, found)), kinds, notes)
