"""A fingerprint that shows whether two data sets are the same, in any place."""

import hashlib

import numpy as np

from jaxvae.data.dataset import Dataset, Split
from jaxvae.data.records import Records


def fingerprints(dataset: Dataset) -> dict[str, str]:
    """SHA-256 of the stored examples of each split; of examples on disk, of the names and sizes of their files.

    >>> from jaxvae.data import load
    >>> sorted(fingerprints(load("digits")))
    ['test', 'train', 'validation']
    """
    return {name: _of_split(split) for name, split in dataset.splits.items()}


def _of_split(split: Split) -> str:
    """Of the values alone, unless a model is told more of the examples."""
    known = [part for part in (split.observed, split.conditions, split.known_labels) if part is not None]
    if not known:
        return _fingerprint(split.values)
    return hashlib.sha256("".join(map(_fingerprint, (split.values, *known))).encode()).hexdigest()


def _fingerprint(values: np.ndarray | Records) -> str:
    if isinstance(values, Records):
        return values.listing_hash()
    array = np.ascontiguousarray(values)
    content = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    content.update(array.data)
    return content.hexdigest()
