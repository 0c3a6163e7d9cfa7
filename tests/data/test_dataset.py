"""Dataset checks itself; splits are fixed, complete and disjoint."""

import numpy as np
import pytest

from jaxvae.data import Dataset, Split, with_validation_fraction
from jaxvae.data.dataset import concatenate, split_off
from tests.data.helpers import user_error

FACTOR_NAMES = ("parity", "half")


def numbered(start: int, stop: int) -> Split:
    """Float examples of shape (3, 2, 1), each filled with its own number, which is its label too."""
    numbers = np.arange(start, stop)
    images = np.tile(numbers.astype(np.float32)[:, None, None, None], (1, 3, 2, 1))
    return Split(images, numbers, np.stack([numbers % 2, numbers // 2], axis=1))


def labels(split: Split) -> list[int]:
    assert split.labels is not None
    np.testing.assert_array_equal(split.values[:, 2, 1, 0], split.labels)  # images move with their labels
    if split.factors is not None:
        np.testing.assert_array_equal(split.factors @ [1, 2], split.labels)  # and with their factors
    return split.labels.tolist()


def dataset(train: Split, validation: Split, test: Split, maximum: int | None = None) -> Dataset:
    return Dataset("numbers", train, validation, test, maximum, FACTOR_NAMES)


def test_data_shape_is_of_one_example() -> None:
    assert dataset(numbered(0, 7), numbered(7, 11), numbered(11, 16)).data_shape == (3, 2, 1)


def test_labels_are_all_known_or_not() -> None:
    part = numbered(0, 7)
    np.testing.assert_array_equal(part.all_labels, part.labels)  # type: ignore[arg-type]
    assert Split(part.values, np.arange(7) - 1).all_labels is None
    assert Split(part.values).all_labels is None


def test_split_off_is_complete_disjoint_and_shuffled() -> None:
    first, second, third = split_off(numbered(0, 57), 0.2, 0.1)
    assert (len(first), len(second), len(third)) == (57 - 11 - 6, 11, 6)
    together = labels(first) + labels(second) + labels(third)
    assert sorted(together) == list(range(57))
    assert together != sorted(together)


def test_split_off_is_the_same_on_every_machine() -> None:
    assert labels(split_off(numbered(0, 11), 0.3)[1]) == [9, 8, 1]


@pytest.mark.parametrize("count", [3, 4, 9])
def test_split_off_leaves_no_part_empty(count: int) -> None:
    parts = split_off(numbered(0, count), 0.1, 0.1)
    assert min(len(part) for part in parts) >= 1
    assert sum(len(part) for part in parts) == count


def test_split_off_refuses_too_few_examples() -> None:
    with user_error("at least 3 examples", "got 2", "add"):
        split_off(numbered(0, 2), 0.1, 0.1)


def test_concatenate_drops_labels_and_factors_that_are_incomplete() -> None:
    partly = concatenate(numbered(0, 2), Split(numbered(2, 5).values))
    assert partly.labels is None
    assert partly.factors is None
    whole = concatenate(numbered(0, 2), numbered(2, 5)).factors
    assert whole is not None
    assert whole.shape == (5, 2)
    assert labels(concatenate(numbered(0, 2), numbered(2, 5))) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("fraction", "size"), [(0.2, 3), (0.25, 4), (0.001, 1), (0.999, 15)])
def test_with_validation_fraction_takes_the_end_of_the_pool(fraction: float, size: int) -> None:
    resplit = with_validation_fraction(dataset(numbered(0, 11), numbered(11, 16), numbered(16, 19)), fraction)
    assert labels(resplit.train) == list(range(16 - size))
    assert labels(resplit.validation) == list(range(16 - size, 16))
    assert labels(resplit.test) == [16, 17, 18]
    assert resplit.name == "numbers"
    assert resplit.factor_names == FACTOR_NAMES


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_with_validation_fraction_refuses(fraction: float) -> None:
    with user_error("between 0 and 1", str(fraction)):
        with_validation_fraction(dataset(numbered(0, 3), numbered(3, 5), numbered(5, 6)), fraction)


def test_dataset_refuses_what_no_loader_may_return() -> None:
    good = numbered(0, 4)
    levels = Split(good.values.astype(np.uint8), factors=good.factors)
    with user_error("numbers", "float32 (3, 2, 1)", "float32 (2, 3, 1)", "one dtype and shape"):
        dataset(good, good, Split(good.values.reshape(-1, 2, 3, 1)))
    with user_error("uint8", "float32", "one dtype and shape"):
        dataset(good, levels, good)
    with user_error("float64", "astype"):
        wide = Split(good.values.astype(np.float64))  # its dtype is found before its lack of factors
        dataset(wide, wide, wide)
    with user_error("maximum", "got 255 for float32"):
        dataset(good, good, good, maximum=255)
    with user_error("maximum", "got None for uint8"):
        dataset(levels, levels, levels)
    with user_error("'validation'", "at least one example"):
        dataset(good, good.take(slice(0, 0)), good)
    with user_error("labels of split 'test'", "(4,)", "(3,)"):
        dataset(good, good, Split(good.values, np.arange(3)))
    with user_error("factors of split 'test'", "(4, 2)", "(4, 3)"):
        dataset(good, good, Split(good.values, good.labels, np.zeros((4, 3), np.int64)))
    with user_error("factors of split 'validation'", "(4, 2)", "None"):
        dataset(good, Split(good.values), good)
    with user_error("factors of split 'train'", "no names", "(4, 2)"):
        Dataset("numbers", good, good, good, None)
