"""Folds: each example is scored once, by a model that did not see it."""

import itertools

import numpy as np
import pytest

from jaxvae.data import Dataset, Split, folds
from jaxvae.errors import UserError


def numbered(*sizes: int) -> Dataset:
    """Images whose one pixel is their number."""
    numbers = np.split(np.arange(sum(sizes), dtype=np.uint8).reshape(-1, 1, 1, 1), np.cumsum(sizes)[:-1])
    parts = [Split(images) for images in numbers]
    return Dataset("numbers", *parts, maximum=255)


def pixels(split: Split) -> list[int]:
    return split.values.ravel().tolist()


def test_every_example_is_scored_once_and_validated_on_once() -> None:
    found = folds(numbered(16, 7, 5), 4)
    for which in ("test", "validation"):
        assert sorted(itertools.chain(*(pixels(getattr(fold, which)) for fold in found))) == list(range(23))
    for fold in found:
        parts = pixels(fold.train), pixels(fold.validation), pixels(fold.test)
        assert sorted(itertools.chain(*parts)) == list(range(23))
    sizes = [len(fold.test) for fold in found]
    assert max(sizes) - min(sizes) == 1


@pytest.mark.parametrize("count", [0, 2, 24])
def test_too_few_and_too_many(count: int) -> None:
    with pytest.raises(UserError, match=rf"`folds` must lie between 3 .* 23 examples .*, got {count}"):
        folds(numbered(16, 7, 5), count)
