"""Hidden entries of a data set: those that a file lacks, and those that are hidden to see how well they are found."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from jaxvae.data.dataset import Dataset, Split
from jaxvae.errors import UserError
from jaxvae.hidden import check_seen, complete_columns
from jaxvae.observation import Observation

_HIDING_SEED = 1234  # of the one mask for every run, so that contenders are compared on the same entries
_TRAIN_FIRST = ("train", "validation", "test")


def without_nan(arrays: Mapping[Any, np.ndarray]) -> tuple[dict[Any, np.ndarray], dict[Any, np.ndarray]]:
    """Arrays with observed values in the place of NaN, and which entries were observed, of each split that has NaN.

    The values come from the same entry of other examples (`complete_columns`), of the training examples first. They
    keep every check and every inferred kind of a column as it is; no model reads them.

    >>> filled, observed = without_nan({"train": np.array([[1.0], [np.nan], [3.0]])})
    >>> filled["train"].tolist(), observed["train"].tolist()
    ([[1.0], [3.0], [3.0]], [[True], [False], [True]])
    """
    has_nan = [name for name, part in arrays.items() if part.dtype.kind == "f" and np.isnan(part).any()]
    observed = {name: ~np.isnan(arrays[name]) for name in has_nan}
    return _filled(arrays, observed) if has_nan else dict(arrays), observed


def _filled(arrays: Mapping[Any, np.ndarray], observed: Mapping[Any, np.ndarray]) -> dict[Any, np.ndarray]:
    """The arrays with observed values for hidden entries, those of the training examples first."""
    order = sorted(arrays, key=lambda name: _TRAIN_FIRST.index(name) if name in _TRAIN_FIRST else 0)
    first = arrays[order[0]]
    mask_of_first = observed.get(order[0], np.ones(first.shape, bool))
    filled = {}
    for name, part in arrays.items():
        if name not in observed:
            filled[name] = part
            continue
        is_first = name == order[0]
        values = part if is_first else np.concatenate([first, part])
        mask = observed[name] if is_first else np.concatenate([mask_of_first, observed[name]])
        complete = np.asarray(complete_columns(Observation(values, mask)))[-len(part) :]
        filled[name] = np.where(np.isnan(complete), 0, complete) if part.dtype.kind == "f" else complete
    return filled


def with_placeholders(dataset: Dataset) -> Dataset:
    """The data set with finite values everywhere: where a hidden entry has none, an observed value of that entry.

    Raises:
        UserError: if an observed entry is NaN, or an entry is hidden in every training example.
    """
    parts = {name: part for name, part in dataset.splits.items() if part.observed is not None}
    if not parts:
        return dataset
    never = ~_mask(dataset.train).any(axis=0)
    if never.any():
        first = ", ".join(str(int(index)) for index in np.argwhere(never)[0])
        raise UserError(
            f"every entry must be observed in some training example of {dataset.name}, got {int(never.sum()):,} that "
            f"never are, the first at [{first}]: leave such columns out"
        )
    if dataset.maximum is not None:  # grey levels have no gaps, and may stay on disk
        return dataset
    for name, part in parts.items():
        check_seen(part.values, _mask(part), f"the {name} split of {dataset.name}")
    unknown = {name: ~np.isfinite(part.values) & ~_mask(part) for name, part in parts.items()}
    if not any(mask.any() for mask in unknown.values()):
        return dataset
    values = {name: part.values for name, part in dataset.splits.items()}
    filled = _filled(values, {name: _mask(part) for name, part in parts.items()})

    def of(name: str, part: Split) -> Split:
        if name not in unknown:
            return part
        values = np.where(unknown[name], filled[name], part.values)
        placeholders = unknown[name] if part.placeholders is None else unknown[name] | part.placeholders
        return replace(part, values=values, placeholders=placeholders)

    return replace(dataset, **{name: of(name, part) for name, part in dataset.splits.items()})


def _mask(part: Split) -> np.ndarray:
    return np.ones(part.values.shape, bool) if part.observed is None else part.observed


def seen_values(dataset: Dataset, part: Split) -> np.ndarray:
    """The values of a split with observed values in the place of hidden ones, so that none of these is read.

    Grey levels stay as they are: all are possible ones.
    """
    if part.observed is None or dataset.maximum is not None:
        return part.values
    return np.asarray(complete_columns(Observation(part.values, part.observed)))


def hide(dataset: Dataset, share: float) -> Dataset:
    """The data set with each entry hidden with one probability, completely at random, always the same entries.

    The values stay in the data set, so that an evaluation can compare what a model fills in; no model reads them.

    Args:
        dataset: the data.
        share: the probability, in (0, 1) [fraction].

    Raises:
        UserError: for a probability out of range, or one that hides an entry in every training example.
    """
    if not 0.0 < share < 1.0:
        raise UserError(f"`hide` must be > 0 and < 1, the share of entries to hide, got {share}")
    generator = np.random.default_rng(_HIDING_SEED)
    parts = dataset.splits
    seen = {name: _mask(part) & (generator.random(part.values.shape) >= share) for name, part in parts.items()}
    lost = _mask(dataset.train).any(axis=0) & ~seen["train"].any(axis=0)
    hidden = [f"{int(lost.sum()):,} of {lost.size:,} entries in every training example"] if lost.any() else []
    hidden += [f"all of {name}" for name, mask in seen.items() if not mask.any()]
    if hidden:
        raise UserError(f"`hide` hides {' and '.join(hidden)} of {dataset.name}, got {share}: hide a smaller share")
    return replace(dataset, **{name: replace(part, observed=seen[name]) for name, part in parts.items()})
