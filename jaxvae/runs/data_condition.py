"""The condition of a run: what of its data the networks are told."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jaxvae.conditions import Condition
from jaxvae.data import Dataset, Split
from jaxvae.errors import UserError

_LABEL, _COLUMNS = "label", "columns:"
_FEWEST, _MOST_CLASSES = 3, 20  # whole numbers of a column that may be classes


class Conditioned(NamedTuple):
    """Data with a row of conditions for each example, and what its columns are."""

    dataset: Dataset
    condition: Condition | None


def with_condition(
    dataset: Dataset, condition: str | None, drop: float | None, kinds: Sequence[str] | None = None
) -> Conditioned:
    """Make a part of the data the condition.

    Args:
        dataset: the data.
        condition: `label`: the class of each example; `columns:0,3`: columns of a table, which are no longer part of x.
            None: the conditions that the data set itself has, if any.
        drop: probability with which a training step hides the condition; None for none.
        kinds: of its columns, real or categorical:K. None: columns of 0 and 1 are two classes and all others real,
            of any dtype, since whole numbers may be counts or years; a note names those that may be classes.

    Raises:
        UserError: if there is no such part, a condition is not known or infinite, or a class never occurs in training.
    """
    if condition is None:
        if dataset.train.conditions is None:
            for name, value in {"drop_condition": drop, "condition_kinds": kinds}.items():
                if value is not None:
                    raise UserError(f"`{name}` needs a condition, got none: give `condition='label'`")
            return Conditioned(dataset, None)
        _check_columns(dataset, dataset.train.conditions.shape[1])
        seen = _kinds(_all_rows(dataset))
    elif condition == _LABEL:
        dataset, seen = _by_label(dataset)
    elif condition.startswith(_COLUMNS):
        dataset, seen = _by_columns(dataset, condition.removeprefix(_COLUMNS))
    else:
        raise UserError(f"`condition` must be label or columns:0,3 (numbers of columns), got {condition!r}")
    if kinds is not None and len(kinds) != len(seen):
        raise UserError(
            f"`condition_kinds` must have a kind for each of the {len(seen)} columns of the condition, got {len(kinds)}"
        )
    described = Condition(seen if kinds is None else tuple(kinds), drop)
    _check(dataset, described)
    notes = _notes(dataset, seen) if kinds is None else ()
    return Conditioned(replace(dataset, notes=(*dataset.notes, *notes)) if notes else dataset, described)


def _by_label(dataset: Dataset) -> tuple[Dataset, tuple[str, ...]]:
    parts = dataset.splits
    unknown = [name for name, part in parts.items() if part.labels is None]
    if unknown:
        raise UserError(
            f"`condition='label'` needs a label of every example, got none in {', '.join(unknown)} of {dataset.name}: "
            f"save them as train_labels and so on"
        )
    labels = {name: np.asarray(part.labels) for name, part in parts.items()}
    most = max(one.max() for one in labels.values())
    if not_known := sum(int((one < 0).sum()) for one in labels.values()):
        raise UserError(
            f"`condition='label'` needs a label of every example, classes 0, 1, …, got {not_known:,} below 0 (not "
            f"known) in {dataset.name}: leave those examples out"
        )
    rows = {name: one.astype(np.float32)[:, None] for name, one in labels.items()}
    new = {name: replace(part, conditions=rows[name]) for name, part in parts.items()}
    return replace(dataset, **new), (f"categorical:{max(most + 1, 2, len(dataset.label_names))}",)


def _by_columns(dataset: Dataset, text: str) -> tuple[Dataset, tuple[str, ...]]:
    shape = dataset.data_shape
    words = text.split(",")
    if len(shape) != 1 or not all(word.strip().isdecimal() and int(word) < shape[0] for word in words):
        raise UserError(
            f"`condition='columns:…'` takes numbers of columns of a table, from 0, got {text!r} for examples of shape "
            f"{shape}"
        )
    chosen = list(dict.fromkeys(int(word) for word in words))
    kept = [d for d in range(shape[0]) if d not in chosen]
    if not kept:
        raise UserError(f"`condition` must leave columns to model, got all {shape[0]} of {dataset.name}")
    every = np.concatenate([part.values for part in dataset.splits.values()])[:, chosen]
    kinds = _kinds(every)

    def of(part: Split) -> Split:
        hidden = None if part.observed is None else ~part.observed[:, chosen]
        rows = part.values[:, chosen].astype(np.float32)
        return replace(
            part,
            values=part.values[:, kept],
            observed=None if part.observed is None else part.observed[:, kept],
            placeholders=None if part.placeholders is None else part.placeholders[:, kept],
            conditions=rows if hidden is None else np.where(hidden, np.float32(np.nan), rows),
        )

    new: dict[str, object] = {name: of(part) for name, part in dataset.splits.items()}
    for name in ("columns", "offsets"):
        known = getattr(dataset, name)
        new[name] = tuple(known[d] for d in kept) if known else known
    return replace(dataset, **new), kinds  # type: ignore[arg-type]


def _kinds(rows: np.ndarray) -> tuple[str, ...]:
    """Columns of 0 and 1 are two classes, all others numbers."""
    known = [column[~np.isnan(column)] for column in np.asarray(rows, np.float64).T]
    return tuple("categorical:2" if np.isin(column, (0, 1)).all() else "real" for column in known)


def _notes(dataset: Dataset, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """A line for each real column that holds few whole numbers, which may be classes."""
    notes = []
    for d, (kind, column) in enumerate(zip(kinds, _all_rows(dataset).T, strict=True)):
        values = np.unique(column)
        is_code = kind == "real" and values.size >= _FEWEST and np.isin(values, range(_MOST_CLASSES)).all()
        if is_code:
            classes = f"categorical:{int(values[-1]) + 1}"
            named = tuple(classes if other == d else of_other for other, of_other in enumerate(kinds))
            notes.append(
                f"column {d} of the condition holds {values.size} whole numbers, {values[0]:g} to {values[-1]:g}, and "
                f"is taken as real; `condition_kinds={named}` if they are classes"
            )
    return tuple(notes)


def _all_rows(dataset: Dataset) -> np.ndarray:
    """The conditions of all splits."""
    return np.concatenate([part.conditions for part in dataset.splits.values() if part.conditions is not None])


def _check_columns(dataset: Dataset, count: int) -> None:
    for name, part in dataset.splits.items():
        if part.conditions is None or part.conditions.shape[1] != count:
            raise UserError(
                f"conditions of every split must have as many columns as in training, {count}, got "
                f"{'none' if part.conditions is None else part.conditions.shape[1]} in {name} of {dataset.name}"
            )


def _check(dataset: Dataset, condition: Condition) -> None:
    train = dataset.train.conditions
    assert train is not None
    for name, part in dataset.splits.items():
        assert part.conditions is not None
        condition.check(part.conditions, f"the condition in the {name} split of {dataset.name}")
        for d, kind in enumerate(condition.columns):
            new = np.setdiff1d(part.conditions[:, d], train[:, d]) if kind.startswith("categorical") else np.array([])
            if new.size:
                raise UserError(
                    f"classes of a condition must occur in training, got {new[0]:g} in column {d} of the {name} split "
                    f"of {dataset.name}, which never does: leave those examples out"
                )
