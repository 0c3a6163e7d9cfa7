"""Scikit-learn's embedded handwritten digits: real data that needs no download."""

import numpy as np

from jaxvae.data.dataset import Dataset, Split, split_off

DIGITS_SHAPE = (8, 8, 1)
DIGITS_MAXIMUM = 16  # each pixel counts the dark pixels among 4x4 of the scan


def load_digits() -> Dataset:
    """1,797 digits of shape (8, 8, 1), uint8 levels 0..16, split 1437/180/180 by one fixed permutation."""
    from sklearn import datasets

    table, labels = datasets.load_digits(return_X_y=True)
    images = np.asarray(table, np.uint8).reshape(-1, *DIGITS_SHAPE)
    train, validation, test = split_off(Split(images, np.asarray(labels, np.int64)), 0.1, 0.1)
    return Dataset("digits", train, validation, test, maximum=DIGITS_MAXIMUM)
