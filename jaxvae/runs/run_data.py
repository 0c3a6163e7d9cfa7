"""Data as a run trains on them: the examples, a likelihood that fits, and how grey levels become x."""

import dataclasses
from typing import Literal, NamedTuple

from jaxvae.conditions import Condition
from jaxvae.data import Dataset, Preprocessing
from jaxvae.data.hidden_entries import hide, with_placeholders
from jaxvae.data.known_labels import with_known_labels
from jaxvae.errors import UserError
from jaxvae.likelihoods import Likelihood, Mixed
from jaxvae.likelihoods.support import BINARY
from jaxvae.runs.choose_likelihood import is_table, likelihood_for
from jaxvae.runs.data_condition import with_condition
from jaxvae.runs.data_flags import DataFlags, check_in_memory, load_data
from jaxvae.runs.data_support import last_level


class RunData(NamedTuple):
    """What a model is described with."""

    dataset: Dataset
    likelihood: Likelihood
    preprocessing: Preprocessing
    condition: Condition | None = None
    """What the networks are told of each example."""
    notes: tuple[str, ...] = ()
    """Notes on how the data were read and what was found."""


def prepare_data(flags: DataFlags, likelihood: Likelihood | None = None, dataset: Dataset | None = None) -> RunData:
    """Load the data, unless they are given, and choose what follows from them.

    Args:
        flags: which data, and how they are read.
        likelihood: family of p(x|z); by default one that fits the data.
        dataset: what the flags name, where it is loaded already.

    Raises:
        UserError: if the data are missing, or the flags do not fit the likelihood.

    >>> data = prepare_data(DataFlags("digits"))
    >>> type(data.likelihood).__name__, data.preprocessing.binarize, data.dataset.data_shape
    ('Bernoulli', 'dynamic', (8, 8, 1))
    """
    dataset = load_data(flags) if dataset is None else dataset
    dataset = with_placeholders(dataset)
    dataset, condition = with_condition(dataset, flags.condition, flags.drop_condition, flags.condition_kinds)
    if flags.hide is not None:  # of x alone: a condition is always known
        dataset = with_placeholders(hide(dataset, flags.hide))
    if flags.labels is not None:
        check_in_memory(dataset, "`labels` chooses among training examples")
        dataset = with_known_labels(dataset, flags.labels, share=flags.labelled_share, seed=flags.labels_seed)
    notes = dataset.notes
    if likelihood is None:
        likelihood, reason = likelihood_for(dataset, flags)
        notes = (*notes, f"likelihood {type(likelihood).__name__}, since {reason}; `likelihood` takes another")
    likelihood = _in_units(likelihood, flags.standardize).for_data(last_level(dataset, flags.binarize))
    support = likelihood.support
    if (support.is_discrete or support.is_raw) and (flags.dequantize or flags.symmetric):
        raise UserError(
            f"`dequantize` and `symmetric` need a likelihood with a density, got {type(likelihood).__name__}, which is "
            f"one of discrete values: take `likelihood=Normal()`, or leave them out"
        )
    preprocessing = Preprocessing(
        maximum=dataset.maximum,
        binarize=flags.binarize or _default_binarization(likelihood, dataset),
        dequantize=flags.dequantize,
        symmetric=flags.symmetric,
        scale=_default_scale(likelihood, dataset) if flags.scale is None else flags.scale,
    )
    return RunData(dataset, likelihood, preprocessing, condition, notes)


def _in_units(likelihood: Likelihood, standardize: bool | None) -> Likelihood:
    """The likelihood with or without units of the training data.

    Raises:
        UserError: if the likelihood has no such option.
    """
    if standardize is None or (standardize and isinstance(likelihood, Mixed)):
        return likelihood
    if not hasattr(likelihood, "start"):
        raise UserError(
            f"`standardize` is for Normal, Laplace, Logistic and StudentT, got {type(likelihood).__name__}: leave it "
            f"out"
        )
    return dataclasses.replace(likelihood, start="data" if standardize else "unit")  # type: ignore[type-var]


def _default_scale(likelihood: Likelihood, dataset: Dataset) -> bool:
    """Grey levels become shares of the largest; whole numbers of a table stay, unless x must be levels."""
    support = likelihood.support
    return not support.is_raw and not (is_table(dataset) and support.num_levels is None)


def _default_binarization(likelihood: Likelihood, dataset: Dataset) -> Literal["none", "dynamic"]:
    is_binary_already = dataset.maximum == 1
    return "dynamic" if likelihood.support == BINARY and not is_binary_already else "none"
