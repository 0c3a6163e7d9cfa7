"""What data show, whether they have a density under a likelihood, and what to change if not."""

import dataclasses
from typing import Any

import numpy as np

from jaxvae.data import Dataset, Preprocessing
from jaxvae.data.hidden_entries import seen_values
from jaxvae.errors import UserError, any_of
from jaxvae.likelihoods import Likelihood
from jaxvae.likelihoods.support import MAX_LEVELS, Support, levels
from jaxvae.runs.components import choices

_FEW = 200  # training examples that show whether floats are grey levels

Values = dict[str, np.ndarray]
"""All values that occur in x, by split, before anything random."""


def check_support(likelihood: Likelihood, preprocessing: Preprocessing, dataset: Dataset) -> None:
    """Check that every example has a density under the likelihood.

    Raises:
        UserError: naming a value that has none, and what to change.
    """
    name, support = type(likelihood).__name__, likelihood.support
    parts = dataset.splits.items()
    values = {split: _values(preprocessing, seen_values(dataset, part), support) for split, part in parts}
    for split, x in values.items():
        place = f"in the {split} split of {dataset.name}"
        if preprocessing.binarize != "none":
            outside = x[(x < 0) | (x > 1)]
            if outside.size:
                raise UserError(
                    f"`binarize={preprocessing.binarize!r}` needs values in [0, 1], got {outside.flat[0]:.4g} {place}: "
                    f"scale the data to [0, 1], or take `binarize='none'` with {_that_fit(values)}"
                )
            continue
        _check_columns(support, x, place)
        outside = x[~support.contains(x)]
        if outside.size:
            fix = support.fix or _fix(likelihood, values)
            raise UserError(
                f"the {name} likelihood needs values in {support.name}, got values such as {outside.flat[0]:.8g} "
                f"{place}: {fix}"
            )


def _values(preprocessing: Preprocessing, images: np.ndarray, support: Support) -> np.ndarray:
    if preprocessing.maximum is None:
        return images
    x = images if support.columns else np.unique(images)  # a table is checked column by column
    x = x / preprocessing.maximum if preprocessing.scale else x
    return 2.0 * x - 1.0 if preprocessing.symmetric else x


def _check_columns(support: Support, rows: np.ndarray, place: str) -> None:
    """The same for each column of a table; nothing if the support has none."""
    for d, column in enumerate(support.columns):
        outside = rows[:, d][~column.contains(rows[:, d])]
        if outside.size:
            raise UserError(
                f"column {d} (the first is 0) needs values in {column.name}, got {outside[0]:.8g} {place}: correct the "
                f"data, or what `likelihood.columns` says of the column"
            )


def last_level(dataset: Dataset, binarize: str | None) -> int | None:
    """n where x are grey levels g / n: 1 of binarised data, else the largest integer of all, or by the steps of floats.

    None if they are not levels, as far as the first examples show: `check_support` checks all.
    """
    if binarize in ("threshold", "dynamic"):
        return 1
    if dataset.maximum is not None:
        return dataset.maximum
    return _level_by_steps(np.unique(np.asarray(seen_values(dataset, dataset.train.take(slice(_FEW))))))


def _level_by_steps(found: np.ndarray) -> int | None:
    """n where sorted values are levels g / n, by the smallest step between neighbours."""
    steps = np.diff(found)
    if not steps.size or not np.all(np.isfinite(found)) or not 1.0 / MAX_LEVELS < steps.min() <= 1:
        return None
    last = round(1.0 / steps.min())
    return last if last < MAX_LEVELS and np.all(levels(last + 1).contains(found)) else None


def _fix(likelihood: Likelihood, values: Values) -> str:
    """The fix for grey levels."""
    fixes = []
    stated = _stated(type(likelihood), values)
    is_in_unit_interval = all(np.all((x >= 0) & (x <= 1)) for x in values.values())
    if stated:
        options = " and ".join(f"`likelihood.{name}={number}`" for name, number in stated.items())
        fixes.append(f"say {options}, after their number of grey levels, or leave it out")
    elif likelihood.support.num_levels == 2 and is_in_unit_interval:
        fixes.append("use `binarize='dynamic'` (or threshold)")
    return ", or ".join([*fixes, f"take a likelihood of such values: {_that_fit(values)}"])


def _that_fit(values: Values) -> str:
    """The library's likelihoods whose support holds all the values, as options."""
    found = [name for name, cls in sorted(choices(Likelihood).items()) if _fitted(cls, values) is not None]
    return any_of("likelihood", found)


def _fitted(cls: type[Likelihood], values: Values) -> Likelihood | None:
    """The likelihood with the numbers that the values show, if it fits them."""
    largest = _level_by_steps(np.unique(np.concatenate([np.unique(x) for x in values.values()])))
    try:
        likelihood = cls().for_data(largest)
        return likelihood if _fits(likelihood, values) else None
    except UserError:  # a likelihood of levels, and the values are not levels
        return None


def _stated(cls: type[Likelihood], values: Values) -> dict[str, Any]:
    """Options that the values show, if the likelihood then fits them."""
    fitted, default = _fitted(cls, values), cls()
    if fitted is None or fitted is default:
        return {}
    names = [field.name for field in dataclasses.fields(fitted)]  # type: ignore[arg-type]
    return {name: getattr(fitted, name) for name in names if getattr(fitted, name) != getattr(default, name)}


def _fits(likelihood: Likelihood, values: Values) -> bool:
    columns = likelihood.support.columns
    if columns and any(x.ndim != 2 or x.shape[1] != len(columns) for x in values.values()):
        return False
    return all(bool(np.all(likelihood.support.contains(x))) for x in values.values())
