"""Read prepared sets of tensorflow-datasets into arrays, without TensorFlow, and cut them into three splits."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from jaxvae.data.arrays import as_images, largest_level
from jaxvae.data.cache import cache_folder, read_cache, write_cache
from jaxvae.data.dataset import Dataset, Split, concatenate, split_off
from jaxvae.data.originals import ORIGINALS
from jaxvae.data.prepare import prepare
from jaxvae.errors import UserError

READ_CHUNK = 10_000  # examples read at a time: fast as all at once, and no second copy of a large set
PAPERS_VALIDATION = 10_000  # the last images of the training set of MNIST and its like
PAPERS_TRAIN = 50_000  # from this size on, the papers' number is held out; below it, a tenth
TENTH = 0.1


def load_named(name: str, root: Path) -> Dataset:
    """Load a set by name from the folder `root`, preparing it first if it is not there.

    Raises:
        UserError: as `prepare` does, or if the prepared files cannot be read.
    """
    splits = read_cache(cache_folder(name, root))
    if splits is None:
        from jaxvae.data.builders import named_builder

        prepare(name, None, root)
        splits = _read(named_builder(name, root))
        if name in ORIGINALS:
            _check_pixel_sum(name, splits["train"], root)
        with contextlib.suppress(OSError):  # with a full disk or a folder of others the set is still read, only slowly
            write_cache(cache_folder(name, root), splits)
    return Dataset(name, *arrange(splits), maximum=largest_level(splits.values()))


def arrange(splits: dict[str, Split]) -> tuple[Split, Split, Split]:
    """Train, validation and test from the splits of a set.

    Those that exist are kept. Without validation, the end of train becomes it: the papers' 10,000 if train has 50,000
    or more, else a tenth. Without train or test, all examples are split 80/10/10 by one fixed permutation.
    """
    if "train" not in splits or "test" not in splits:
        train, validation, test = split_off(concatenate(*splits.values()), TENTH, TENTH)
        return train, validation, test
    train = splits["train"]
    if "validation" in splits:
        return train, splits["validation"], splits["test"]
    size = PAPERS_VALIDATION if len(train) >= PAPERS_TRAIN else max(1, round(TENTH * len(train)))
    return train.take(slice(-size)), train.take(slice(-size, None)), splits["test"]


def _read(builder: Any) -> dict[str, Split]:
    """Train, validation and test, as far as they exist; else all splits of the set."""
    from jaxvae.data.builders import quiet

    available = list(builder.info.splits)
    names = [name for name in ("train", "validation", "test") if name in available] or available
    with quiet():
        return {name: _read_split(builder, name) for name in names}


def _read_split(builder: Any, split: str) -> Split:
    from jaxvae.data.builders import features_of, image_key

    try:
        source = builder.as_data_source(split)
    except NotImplementedError as error:
        raise UserError(
            f"{builder.data_dir} must be in array_record format, got {builder.info.file_format}, which only "
            "TensorFlow reads; prepare the set again, with another `data_dir`"
        ) from error
    key, features = image_key(builder), features_of(builder)
    label = features.get("label")
    labelled = label is not None and label.shape == () and np.issubdtype(label.np_dtype, np.integer)
    images = np.empty((len(source), *features[key].shape), features[key].np_dtype)
    labels = np.empty(len(source), np.int64)
    for start in range(0, len(source), READ_CHUNK):
        chunk = range(start, min(start + READ_CHUNK, len(source)))
        examples = source.__getitems__(chunk)  # one call: a loop over `source[index]` takes three times as long
        images[start : chunk.stop] = [example[key] for example in examples]
        if labelled:
            labels[start : chunk.stop] = [example["label"] for example in examples]
    return Split(as_images(images, f"data set {builder.name!r}, split {split!r},"), labels if labelled else None)


def _check_pixel_sum(name: str, train: Split, root: Path) -> None:
    expected, found = ORIGINALS[name].train_pixel_sum, int(train.values.sum(dtype=np.int64))
    if found != expected:
        raise UserError(
            f"the training pixels of {name!r} must sum to {expected:,}, got {found:,}: other data lie under its name; "
            f"delete {root / 'originals' / name} and prepare it again"
        )
