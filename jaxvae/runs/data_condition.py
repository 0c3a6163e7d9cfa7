"""The condition of a run: what of its data the networks are told."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jaxvae.conditions import Condition
from jaxvae.data import Dataset, Split
from jaxvae.errors import UserError

_LABEL, _COLUMNS = "label", "columns:"


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
        kinds: of its columns, real or categorical:K; None to see them in the data.

    Raises:
        UserError: if there is no such part, a condition is not known, or a class never occurs in training.
    """
    if condition is None:
        if dataset.train.conditions is None:
            for name, value in {"drop_condition": drop, "condition_kinds": kinds}.items():
                if value is not None:
                    raise UserError(f"`{name}` needs a condition, got none: give `condition='label'`")
            return Conditioned(dataset, None)
        rows = np.concatenate([part.conditions for part in dataset.splits.values() if part.conditions is not None])
        seen = _kinds(rows)
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
    return Conditioned(dataset, described)


def _by_label(dataset: Dataset) -> tuple[Dataset, tuple[str, ...]]:
    parts = dataset.splits
    unknown = [name for name, part in parts.items() if part.labels is None]
    if unknown:
        raise UserError(
            f"`condition='label'` needs a label of every example, got none in {', '.join(unknown)} of {dataset.name}: "
            f"save them as train_labels and so on"
        )
    labels = {name: np.asarray(part.labels) for name, part in parts.items()}
    least, most = min(one.min() for one in labels.values()), max(one.max() for one in labels.values())
    if least < 0:
        raise UserError(f"labels must be classes 0, 1, …, got {least} in {dataset.name}: number them from 0")
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


def _check(dataset: Dataset, condition: Condition) -> None:
    train = dataset.train.conditions
    assert train is not None
    for name, part in dataset.splits.items():
        if part.conditions is None or part.conditions.shape[1] != len(condition.columns):
            raise UserError(
                f"conditions of every split must have as many columns as in training, {len(condition.columns)}, got "
                f"{'none' if part.conditions is None else part.conditions.shape[1]} in {name} of {dataset.name}"
            )
        condition.check(part.conditions, f"the condition in the {name} split of {dataset.name}")
        for d, kind in enumerate(condition.columns):
            new = np.setdiff1d(part.conditions[:, d], train[:, d]) if kind.startswith("categorical") else np.array([])
            if new.size:
                raise UserError(
                    f"classes of a condition must occur in training, got {new[0]:g} in column {d} of the {name} split "
                    f"of {dataset.name}, which never does: leave those examples out"
                )
