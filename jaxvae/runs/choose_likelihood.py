"""The likelihood that fits the data, if none is named."""

import math
from typing import NamedTuple

import numpy as np

from jaxvae.data import Dataset, infer_columns
from jaxvae.data.arrays import LARGEST_LEVEL
from jaxvae.data.hidden_entries import seen_values
from jaxvae.data.names import is_drawn_in_black_and_white
from jaxvae.data.records import Records
from jaxvae.likelihoods import (
    Bernoulli,
    DiscretizedLogistic,
    Likelihood,
    Mixed,
    NegativeBinomial,
    Normal,
)
from jaxvae.likelihoods.support import levels
from jaxvae.runs.data_flags import DataFlags
from jaxvae.runs.data_support import last_level

_MOST_COLUMNS = 50  # of a table of several kinds: each is computed separately
_FEWEST_PIXELS = 64  # of a picture given as a row


class Choice(NamedTuple):
    """A likelihood, and the reason for its choice."""

    likelihood: Likelihood
    reason: str


def likelihood_for(dataset: Dataset, flags: DataFlags) -> Choice:
    """The likelihood of data for which none was named, by their values, their shape and the flags that change x.

    | data | likelihood |
    |---|---|
    | 0 and 1 only, or `binarize` | Bernoulli |
    | digits, mnist, fashion_mnist, emnist | Bernoulli, binarised dynamically |
    | other images of grey levels, colours | DiscretizedLogistic |
    | whole numbers as they are stored (`scale=False`), tables of counts | NegativeBinomial |
    | tables of columns of several kinds | Mixed |
    | everything else | Normal |
    """
    if flags.binarize in ("threshold", "dynamic"):
        return Choice(Bernoulli(), f"x is binary by `binarize={flags.binarize!r}`")
    if flags.dequantize or flags.symmetric:
        return Choice(Normal(), f"x is real by `{'dequantize' if flags.dequantize else 'symmetric'}=True`")
    if flags.scale is False and dataset.maximum is not None:
        return Choice(NegativeBinomial(), "x are whole numbers by `scale=False`")
    last = _last_level(dataset)
    if last == 1:
        return Choice(Bernoulli(), "the data are 0 and 1")
    if is_table(dataset):
        return _for_table(dataset)
    if flags.binarize is None and is_drawn_in_black_and_white(dataset.name):
        return Choice(Bernoulli(), "pixels are drawn as 0 or 1 at each use, as is usual for this set")
    if last is None:
        return Choice(Normal(), "the data are real numbers")
    return Choice(DiscretizedLogistic(), f"the data are levels 0 to {last}")


def is_table(dataset: Dataset) -> bool:
    """Whether an example is a row of columns: one axis, and not an 8-bit picture with a square number of pixels."""
    if len(dataset.data_shape) != 1:
        return False
    size = dataset.data_shape[0]
    return not (dataset.maximum == LARGEST_LEVEL and size >= _FEWEST_PIXELS and math.isqrt(size) ** 2 == size)


def _for_table(dataset: Dataset) -> Choice:
    parts = dataset.splits.values()
    columns = dataset.columns or infer_columns(np.concatenate([seen_values(dataset, part) for part in parts]))
    kinds = set(columns)
    found = f"a table of {len(columns)} column{'s' if len(columns) > 1 else ''}"
    if kinds == {"binary"}:
        return Choice(Bernoulli(), f"it is {found} of 0 and 1")
    if kinds == {"real"}:
        return Choice(Normal(), f"it is {found} of real numbers")
    if kinds == {"count"} or (kinds == {"binary", "count"} and len(columns) > _MOST_COLUMNS):
        return Choice(NegativeBinomial(), f"it is {found} of counts")
    if len(columns) > _MOST_COLUMNS:
        return Choice(Normal(), f"it is {found} of several kinds, too many for Mixed, which computes each separately")
    return Choice(Mixed(columns), f"it is {found}: {', '.join(columns)} (a code of a class is categorical:K)")


def _last_level(dataset: Dataset) -> int | None:
    """n where all values are levels g / n of [0, 1]."""
    last = last_level(dataset, None)
    if last is None or dataset.maximum is not None:
        return last
    support = levels(last + 1)
    parts = [part for part in dataset.splits.values() if not isinstance(part.values, Records)]
    return last if all(bool(np.all(support.contains(seen_values(dataset, part)))) for part in parts) else None
