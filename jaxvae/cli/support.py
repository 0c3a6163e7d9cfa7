"""Whether data have a density under a likelihood, and what to change where they have none."""

import dataclasses

import numpy as np

from jaxvae.cli.components import choices
from jaxvae.data import Dataset, Preprocessing
from jaxvae.errors import UserError
from jaxvae.likelihoods import Likelihood
from jaxvae.likelihoods.support import Support

Values = dict[str, np.ndarray]
"""All values that occur in x, by split, before anything random."""


def check_support(likelihood: Likelihood, preprocessing: Preprocessing, dataset: Dataset) -> None:
    """Check that every example has a density under the likelihood.

    Raises:
        UserError: naming a value that has none, and what to change.
    """
    name, support = type(likelihood).__name__, likelihood.support
    values = {split: _values(preprocessing, part.images, support) for split, part in dataset.splits.items()}
    for split, x in values.items():
        place = f"in the {split} split of {dataset.name}"
        if preprocessing.binarize != "none":
            outside = x[(x < 0) | (x > 1)]
            if outside.size:
                raise UserError(
                    f"--binarize {preprocessing.binarize} needs values in [0, 1], got {outside.flat[0]:.4g} {place}: "
                    f"scale the data to [0, 1], or take --binarize none with --likelihood {_that_fit(values)}"
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
    """The same for each column of a table; nothing where the support has none."""
    for d, column in enumerate(support.columns):
        outside = rows[:, d][~column.contains(rows[:, d])]
        if outside.size:
            raise UserError(
                f"column {d} (the first is 0) needs values in {column.name}, got {outside[0]:.8g} {place}: mend the "
                f"data, or what --likelihood.columns says of the column"
            )


def _fix(likelihood: Likelihood, values: Values) -> str:
    """What helps with grey levels."""
    fixes = []
    fitted = _with_levels_of(likelihood, values)
    is_in_unit_interval = all(np.all((x >= 0) & (x <= 1)) for x in values.values())
    if fitted is not None:
        fixes.append(f"say --likelihood.{_level_option(fitted)}, after their number of grey levels")
    elif likelihood.support.num_levels == 2 and is_in_unit_interval:
        fixes.append("use --binarize dynamic (or threshold)")
    return ", or ".join([*fixes, f"take a likelihood of such values: --likelihood {_that_fit(values)}"])


def _that_fit(values: Values) -> str:
    """The library's likelihoods of which the support holds all the values, as they stand after `--likelihood`."""
    found = []
    for name, cls in sorted(choices(Likelihood).items()):
        fitted = _with_levels_of(cls(), values)
        if _fits(cls(), values):
            found.append(name)
        elif fitted is not None:
            found.append(f"{name} --likelihood.{_level_option(fitted)}")
    return " or ".join(found) or "one of your own"


def _fits(likelihood: Likelihood, values: Values) -> bool:
    columns = likelihood.support.columns
    if columns and any(x.ndim != 2 or x.shape[1] != len(columns) for x in values.values()):
        return False
    return all(bool(np.all(likelihood.support.contains(x))) for x in values.values())


def _with_levels_of(likelihood: Likelihood, values: Values) -> Likelihood | None:
    """The likelihood with as many levels as the data have, where it has that option and fits the data then."""
    found = np.unique(np.concatenate([np.unique(x) for x in values.values()]))
    steps = np.diff(found)
    if not steps.size or not np.all(np.isfinite(found)) or not 0 < steps.min() <= 1:
        return None
    last = round(1.0 / steps.min())  # the step between neighbouring levels
    for option, value in (("num_levels", last + 1), ("total_count", last)):
        if hasattr(likelihood, option):
            try:
                fitted = dataclasses.replace(likelihood, **{option: value})  # type: ignore[type-var]
            except UserError:  # more levels than it takes: float data have millions
                return None
            return fitted if _fits(fitted, values) else None
    return None


def _level_option(likelihood: Likelihood) -> str:
    option = "num_levels" if hasattr(likelihood, "num_levels") else "total_count"
    return f"{option} {getattr(likelihood, option)}"
