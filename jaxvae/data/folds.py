"""Cross-validation: a model that has not seen an example scores it, once for every example."""

from dataclasses import replace

import numpy as np

from jaxvae.data.dataset import SPLIT_SEED, Dataset, concatenate
from jaxvae.errors import UserError

_FEWEST = 3


def folds(dataset: Dataset, count: int) -> list[Dataset]:
    """The training and validation examples in folds: one part to score, the next to validate on, the rest to train.

    Fold k of the list scores part k and chooses its epoch on part k + 1, so no scored example had a part in any choice.
    The data set's own test examples are not used. The parts come from one fixed permutation; their sizes differ by at
    most one example.

    Args:
        dataset: its train and validation examples are pooled.
        count: number of folds.

    Raises:
        UserError: for fewer than 3 folds, or more than there are examples.

    >>> from jaxvae.data import Split
    >>> zeros = Split(np.zeros((10, 8, 6, 1), np.uint8))
    >>> five = folds(Dataset("zeros", train=zeros, validation=zeros, test=zeros, maximum=1), 5)
    >>> [(len(fold.train), len(fold.validation), len(fold.test)) for fold in five][:2]
    [(12, 4, 4), (12, 4, 4)]
    """
    pool = concatenate(dataset.train, dataset.validation)
    if not _FEWEST <= count <= len(pool):
        raise UserError(
            f"`folds` must lie between {_FEWEST} (one to score, one to validate on, the rest to train) and the "
            f"{len(pool):,} examples of train and validation, got {count}"
        )
    parts = np.array_split(np.random.default_rng(SPLIT_SEED).permutation(len(pool)), count)

    def one(k: int) -> Dataset:
        scored, validated = k, (k + 1) % count
        trained = np.concatenate([part for index, part in enumerate(parts) if index not in (scored, validated)])
        return replace(
            dataset, train=pool.take(trained), validation=pool.take(parts[validated]), test=pool.take(parts[scored])
        )

    return [one(k) for k in range(count)]
