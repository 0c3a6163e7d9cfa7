"""A few labels of a training set, for semi-supervised learning."""

from dataclasses import replace

import numpy as np

from jaxvae.data.dataset import Dataset, concatenate
from jaxvae.errors import UserError


def with_known_labels(dataset: Dataset, count: int, *, share: float = 0.0, seed: int = 0) -> Dataset:
    """The data set with the labels of `count` training examples known, as many of each class as of any other.

    Labels of validation and test stay out of the model: they only measure it. With a share, the labelled examples are
    repeated, a whole number of times, until they make about that share of the training examples: nearly every batch
    then has some, and their whole objective counts as often. Statistics of the data count each example once.

    Args:
        dataset: with labels 0, 1, …, and −1 where the class is not known.
        count: how many labels are known; all of them where it is at least the number of training examples.
        share: of the labelled among the examples of an epoch, in [0, 1) [fraction]; by default each occurs once.
        seed: of the choice.

    Raises:
        UserError: without labels, for no label at all, or a share or a seed out of range.
    """
    train = dataset.train
    if train.labels is None:
        raise UserError(
            f"`labels` needs labels of the training examples, -1 where not known, got none in {dataset.name}"
        )
    if count < 1:
        raise UserError(f"`labels` must be >= 1, the number of known labels, got {count}: no label at all is known")
    if not 0.0 <= share < 1.0:
        raise UserError(f"`labelled_share` must be >= 0 and < 1, got {share}")
    if not 0 <= seed < 2**32:
        raise UserError(f"`labels_seed` must lie between 0 and 2**32 - 1, got {seed}")
    if not (np.asarray(train.labels) >= 0).any():
        raise UserError(
            f"`labels` needs training examples with labels 0, 1, …, got -1 for all {len(train):,} of {dataset.name}: "
            f"no label at all is known"
        )
    chosen = _balanced(np.asarray(train.labels), count, np.random.default_rng(seed))
    known = np.full(len(train), -1)
    known[chosen] = np.asarray(train.labels)[chosen]
    marked = replace(train, known_labels=known)
    missing = share / (1.0 - share) * (len(train) - len(chosen)) / max(len(chosen), 1)
    times = max(round(missing) - 1, 0) if share else 0
    if not times:
        return replace(dataset, train=marked)
    repeated = concatenate(marked, *[marked.take(chosen)] * times)
    return replace(dataset, train=replace(repeated, num_distinct=len(marked)))


def _balanced(labels: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Rows of `count` examples whose class is known, from the classes in turn."""
    classes = np.unique(labels[labels >= 0])
    rows = [generator.permutation(np.flatnonzero(labels == label)) for label in classes]
    turns = [(turn, place, row) for place, of_class in enumerate(rows) for turn, row in enumerate(of_class)]
    return np.sort([row for _, _, row in sorted(turns)[:count]])
