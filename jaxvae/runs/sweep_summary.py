"""From rows of members to means over each combination."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxvae.runs.sweep_rows import Row


def summary(rows: Sequence[Row], axes: Sequence[str]) -> list[Row]:
    """Mean and standard error over members of each combination; empty if one is not enough for an error.

    With folds the error is that of the folds' means over seeds: seeds of one fold are scored on the same examples. In
    `members` are those with figures, in `doubtful` those whose log p(x) is not reliable.
    """
    names = [name for name in dict.fromkeys(itertools.chain(*rows)) if f"{name}_error" in set(itertools.chain(*rows))]
    validation = [name for name in dict.fromkeys(itertools.chain(*rows)) if name.startswith("validation_")]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[axis] for axis in axes), []).append(row)
    table: list[Row] = []
    for key, members in groups.items():
        scored = [row for row in members if any(isinstance(row.get(name), float) for name in names)]
        line: Row = {**dict(zip(axes, key, strict=True)), "members": len(scored)}
        line["doubtful"] = sum(row.get("note") is not None for row in scored)
        for name in (*validation, *names):
            values = _independent(scored, name)
            line[name] = float(values.mean()) if len(values) else None
            line[f"{name}_error"] = float(values.std(ddof=1) / len(values) ** 0.5) if len(values) > 1 else None
        table.append(line)
    return table


def _independent(rows: Sequence[Row], name: str) -> np.ndarray:
    """The values of a figure; the values of one fold are averaged."""
    values: dict[Any, list[float]] = {}
    for index, row in enumerate(rows):
        if isinstance(value := row.get(name), float):
            values.setdefault(row.get("fold", ("member", index)), []).append(value)
    return np.array([np.mean(of_one) for of_one in values.values()])
