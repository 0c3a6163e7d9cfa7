"""The embedded digits."""

import hashlib

import numpy as np

from jaxvae.data import load


def test_sizes_shape_and_levels() -> None:
    digits = load("digits")
    assert {name: split.values.shape for name, split in digits.splits.items()} == {
        "train": (1437, 8, 8, 1),
        "validation": (180, 8, 8, 1),
        "test": (180, 8, 8, 1),
    }
    assert digits.train.values.dtype == np.uint8
    assert digits.maximum == 16
    assert digits.train.values.max() == 16


def test_split_is_complete_and_keeps_labels() -> None:
    from sklearn.datasets import load_digits

    table, classes = load_digits(return_X_y=True)
    labels_of = {}  # by pixels: all 1,797 images differ
    for row, label in zip(table.astype(np.uint8), classes, strict=True):
        labels_of[row.tobytes()] = label
    assert len(labels_of) == 1797
    for split in load("digits").splits.values():
        assert split.labels is not None
        for image, label in zip(split.values, split.labels, strict=True):
            assert labels_of.pop(image.tobytes()) == label  # a second look-up of one image would fail
    assert not labels_of


def test_split_is_fixed() -> None:
    test = load("digits").test.values
    digest = hashlib.sha256(np.ascontiguousarray(test).tobytes()).hexdigest()
    assert digest == "4f94dc144214e4a05b47fc4a5d9309839a3cf00e45fc97c2cdf0b1ae21c2dfc6", (
        "published results on digits are of this split"
    )
