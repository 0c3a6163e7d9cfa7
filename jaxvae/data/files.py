"""Data of the user's own: `path.npz`, `path.npy` or a folder of images."""

import difflib
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from jaxvae.data.arrays import as_images, as_labels, largest_level
from jaxvae.data.dataset import Dataset, Split, split_off
from jaxvae.data.pictures import read_pictures
from jaxvae.errors import UserError

SUFFIXES = (".npz", ".npy")
_SPLITS = ("train", "validation", "test")
_LABELS = "labels"


def load_files(path: str | os.PathLike) -> Dataset:
    """Read a data set from `path`, named after it.

    An `.npz` file holds `train`, `validation` and `test`, each with `train_labels` and so on beside it or not; without
    `validation`, a fixed tenth of `train` becomes it. Anything that is one array (under any key, with `labels` or not;
    an `.npy` file; a folder of images) is split 80/10/10 by one fixed permutation.

    Raises:
        UserError: if `path` is missing, empty, damaged, or not of that shape and dtype.
    """
    name, path = str(path), Path(path).expanduser()
    if path.is_dir():
        splits = {"images": Split(read_pictures(path))}
    else:
        _check_file(path)
        splits = _name_splits(read_arrays(path), path)
    train, validation, test = _three(splits, path)
    # a folder of pictures has 8-bit pixels, however dark: 1 is then black, not white
    maximum = 255 if path.is_dir() else largest_level(splits.values())
    return Dataset(name, train, validation, test, maximum)


def _check_file(path: Path) -> None:
    if not path.exists():
        if not path.parent.is_dir():
            raise UserError(f"no file {path}: its folder {path.parent} does not exist; give the path of existing data")
        names = sorted(entry.name for entry in path.parent.iterdir())
        nearest = difflib.get_close_matches(path.name, names, n=3)
        hint = f"did you mean {' or '.join(nearest)}?" if nearest else "give the path of existing data"
        raise UserError(f"no file {path.name} in the folder {path.parent.absolute()}; {hint}")
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(
            f"{path} must be an .npz file, an .npy file or a folder of images, got {path.suffix or 'no suffix'}; "
            "convert it with numpy.savez"
        )
    if path.stat().st_size == 0:
        raise UserError(f"{path} must hold arrays, got an empty file; write it again with numpy.savez")


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a file by key; an `.npy` file has one, under "array"."""
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"array": loaded}
        with loaded:
            arrays = {key: loaded[key] for key in loaded.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        if "Object arrays" in str(error):
            raise UserError(
                f"{path} holds Python objects, which are never unpickled (a pickle can run any code); save "
                "one array of numbers, all examples of one shape"
            ) from error
        raise UserError(
            f"{path} must be a NumPy {path.suffix} file, got a damaged one or one of another kind; write it again "
            "with numpy.savez"
        ) from error
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise UserError(f"{path} must hold NumPy arrays only, got other files in it; write it again with numpy.savez")
    return arrays


def _name_splits(arrays: dict[str, np.ndarray], path: Path) -> dict[str, Split]:
    """Pair images with labels, under the names of splits or, for one array alone, under its own key."""
    images = [key for key in arrays if key != _LABELS and not key.endswith(f"_{_LABELS}")]
    paired = {key: f"{key}_{_LABELS}" for key in images}
    if len(images) == 1 and _LABELS in arrays:
        paired = {images[0]: _LABELS}
    complete = len(images) == 1 or ({"train", "test"} <= set(images) <= set(_SPLITS))
    orphans = set(arrays) - set(paired) - set(paired.values())
    if not complete or orphans:
        raise UserError(
            f"{path} must hold the arrays train, validation and test (or train and test, or one array), each with "
            f"train_labels and so on or not, got {', '.join(sorted(arrays)) or 'no array'}; "
            "write it with numpy.savez(path, train=..., validation=..., test=...)"
        )
    splits = {}
    for key, labels in paired.items():
        values = as_images(arrays[key], f"{path}, array {key!r},")
        found = arrays.get(labels)
        where = f"{path}, array {labels!r},"
        splits[key] = Split(values, None if found is None else as_labels(found, len(values), where))
    return splits


def _three(splits: dict[str, Split], path: Path) -> tuple[Split, ...]:
    """Train, validation and test, cutting those that are missing from what there is."""
    try:
        if len(splits) == 1:
            return split_off(next(iter(splits.values())), 0.1, 0.1)
        if "validation" not in splits:
            return (*split_off(splits["train"], 0.1), splits["test"])
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    return tuple(splits[name] for name in _SPLITS)
