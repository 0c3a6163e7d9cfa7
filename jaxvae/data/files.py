"""The user's data: `path.npz`, `path.npy` or a folder of images."""

import difflib
import os
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from jaxvae.data.arrays import (
    LARGEST_LEVEL,
    Channels,
    as_conditions,
    as_images,
    as_labels,
    channels_last,
    is_text,
    largest_level,
    with_maximum,
)
from jaxvae.data.dataset import Dataset, Split
from jaxvae.data.hash_split import hashes_of_files, hashes_of_rows, split_by_hash, splits_to_cut
from jaxvae.data.pictures import ALL, SPLIT_FOLDERS, common_format, list_folder, read_pictures
from jaxvae.data.seen_entries import seen_entries
from jaxvae.data.tables import as_table
from jaxvae.errors import UserError

SUFFIXES = (".npz", ".npy")
_SPLITS = ("train", "validation", "test")
_ROLES = dict.fromkeys(("labels", "label", "y", "target", "targets"), "labels") | {
    **dict.fromkeys(("observed", "mask"), "observed"),
    **dict.fromkeys(("conditions", "condition"), "conditions"),
}


class _Parts(NamedTuple):
    """The parts that were read, before missing splits are cut from them."""

    splits: dict[str, Split]
    hashes: dict[str, np.ndarray]
    """A hash of each example of each split."""
    label_names: tuple[str, ...]
    notes: list[str]
    offsets: tuple[float, ...] = ()
    columns: tuple[str, ...] = ()


def load_files(
    path: str | os.PathLike,
    *,
    channels: Channels | None = None,
    maximum: int | None = None,
    offsets: Sequence[float] | None = None,
    missing: Literal["nan"] | None = None,
) -> Dataset:
    """Read a data set from `path`, named after it.

    An `.npz` file holds `train`, `validation` and `test`, each with labels or not. Without `validation`, about a tenth
    of `train` is used. Names such as `x_train` and `y_train`, `train_labels`, `X` and `y` are understood. A folder
    holds images, a folder of images for each class, or `train`, `val` and `test` of either. A single part (an `.npy`
    file, or only `X`) is split by a hash of each example, about 80/10/10: no example changes sides when others are
    added, and equal examples are on one side.

    Args:
        path: of a file or a folder.
        channels: place of the channels in images with four axes; by default found from their sizes.
        maximum: the largest grey level of integers; by default that of the data, or 255 if that is above 127.
        offsets: numbers to subtract from the columns of a table before the cast to float32; by default found from the
            data.
        missing: `nan`: take NaN for entries that were not seen. Masks may also be arrays of their own, `train_observed`
            and so on, True where an entry was seen; where they are False, NaN needs no `missing`.

    Raises:
        UserError: if `path` is missing, empty, damaged, or not of that shape and dtype.
    """
    name, path = str(path), Path(path).expanduser()
    if path.is_dir():
        if channels is not None:
            raise UserError(f"`channels` is for arrays, got the folder of images {path}: leave it out")
        if offsets:
            raise UserError(f"`offsets` are for tables, got the folder of images {path}: leave them out")
        parts = _of_pictures(path)
    else:
        _check_file(path)
        parts = _of_arrays(read_arrays(path), path, channels, offsets, missing)
    splits, notes = parts.splits, parts.notes
    if maximum is not None:
        largest = with_maximum(splits.values(), maximum, str(path))
    else:  # a folder of pictures has 8-bit pixels, however dark: 1 is then black, not white
        largest = LARGEST_LEVEL if path.is_dir() else largest_level(splits.values())
        is_table = splits[next(iter(splits))].values.ndim == 2
        if largest not in (None, 1, LARGEST_LEVEL) and not is_table:
            notes.append(f"integers are taken for grey levels, and {largest} for white; `maximum=255` if it is not")
    return Dataset(
        name,
        *_three(splits, parts.hashes, path),
        maximum=largest,
        label_names=parts.label_names,
        notes=tuple(notes),
        offsets=parts.offsets,
        columns=parts.columns,
    )


def _of_pictures(folder: Path) -> _Parts:
    listing = list_folder(folder)
    common = common_format(listing.all, folder)
    splits = {
        split: Split(read_pictures(paths, common.mode), listing.labels.get(split))
        for split, paths in listing.paths.items()
    }
    hashes = {split: hashes_of_files(listing.paths[split]) for split in splits_to_cut(listing.paths)}
    return _Parts(splits, hashes, listing.label_names, list(common.notes))


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


def _key(key: str) -> tuple[str | None, str]:
    """The split that a key names, and what of it: `values`, `labels`, `observed` or `conditions`.

    >>> [_key(key) for key in ("x_train", "test_labels", "y", "my array", "val_observed")]
    [('train', 'values'), ('test', 'labels'), (None, 'labels'), (None, 'values'), ('validation', 'observed')]
    """
    words = re.split(r"[_\W]+", key.lower())
    splits = [SPLIT_FOLDERS[word] for word in words if word in SPLIT_FOLDERS]
    roles = [_ROLES[word] for word in words if word in _ROLES]
    return (splits[0] if splits else None), (roles[0] if roles else "values")


def _of_arrays(
    arrays: dict[str, np.ndarray],
    path: Path,
    channels: Channels | None,
    offsets: Sequence[float] | None,
    missing: Literal["nan"] | None,
) -> _Parts:
    """Pair examples with what is known of them, by the names of splits, or if there are none, by their own names."""
    named: dict[tuple[str | None, str], str] = {_key(key): key for key in arrays}
    examples = {split for split, role in named if role == "values"}
    complete = examples == {None} or {"train", "test"} <= examples <= set(_SPLITS)
    if not complete or len(named) < len(arrays) or any(split not in examples for split, _ in named):
        raise UserError(
            f"{path} must hold the arrays train, validation and test (or train and test, or one array), each with "
            f"train_labels, train_observed and train_conditions or not, got {', '.join(sorted(arrays)) or 'no array'}; "
            "write it with numpy.savez(path, train=..., validation=..., test=...)"
        )
    of_role = {
        role: {split: arrays[key] for (split, its_role), key in named.items() if its_role == role}
        for role in ("values", "labels", "observed", "conditions")
    }
    labels = of_role["labels"]
    texts = [values.astype(str).ravel() for values in labels.values() if is_text(values)]
    if texts and len(texts) < len(labels):
        raise UserError(f"{path} must hold labels of one kind, got strings in some splits and numbers in others")
    names = tuple(np.unique(np.concatenate(texts)).tolist()) if texts else ()
    ordered = sorted(examples, key=str)
    stored = of_role["values"]
    where_of = {role: f"{path}, array {key!r}," for role, key in named.items()}
    entries = seen_entries(stored, of_role["observed"], missing, where_of)
    table = as_table([entries.values[split] for split in ordered], offsets, str(path))
    splits, notes = {}, table.notes
    for split, array in zip(ordered, table.parts, strict=True):
        key = named[split, "values"]
        array, note = channels_last(array, channels, f"{path}, array {key!r}" if len(arrays) > 1 else str(path))
        values = as_images(array, where_of[split, "values"])
        notes += [note] if note else []
        found = labels.get(split)
        seen: dict[str, Any] = {
            name: _like_values(masks[split], values, channels, str(path))
            for name, masks in (("observed", entries.observed), ("placeholders", entries.placeholders))
            if split in masks
        }
        rows = of_role["conditions"].get(split)
        splits[split or ALL] = Split(
            values,
            None if found is None else as_labels(found, len(values), names, where_of[split, "labels"]),
            conditions=None if rows is None else as_conditions(rows, len(values), where_of[split, "conditions"]),
            **seen,
        )
    if len({split.values.dtype for split in splits.values()}) > 1 and all(
        stored[split].dtype.kind in "biu" for split in examples
    ):  # if integers are not grey levels in one split, they are not in the others
        splits = {key: replace(split, values=split.values.astype(np.float32)) for key, split in splits.items()}
    rows = {split or ALL: stored[split] for split in ordered}
    hashes = {split: hashes_of_rows(rows[split]) for split in splits_to_cut(rows)}
    return _Parts(splits, hashes, names, notes, table.offsets, table.kinds)


def _like_values(mask: np.ndarray, values: np.ndarray, channels: Channels | None, where: str) -> np.ndarray:
    """A mask of the stored array in the shape of the values."""
    if mask.ndim == 4:
        mask, _ = channels_last(mask, channels, where)
    return mask.reshape(values.shape)


def _three(splits: dict[str, Split], hashes: dict[str, np.ndarray], path: Path) -> tuple[Split, ...]:
    """Train, validation and test, where missing ones are cut from the others."""
    try:
        if len(splits) == 1:
            return split_by_hash(splits[ALL], hashes[ALL], 0.1, 0.1)
        if "validation" not in splits:
            return (*split_by_hash(splits["train"], hashes["train"], 0.1), splits["test"])
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    return tuple(splits[name] for name in _SPLITS)
