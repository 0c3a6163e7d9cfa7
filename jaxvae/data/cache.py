"""The folders of data sets on disk, and the `.npy` files by which the second load of one takes 0.1 s."""

import os
import re
import tempfile
from pathlib import Path

import numpy as np

from jaxvae.data.dataset import Split
from jaxvae.errors import UserError

DATA_DIR_VARIABLE = "JAXVAE_DATA_DIR"
DEFAULT_DATA_DIR = "~/.cache/jaxvae"


def data_folder(data_dir: str | os.PathLike | None) -> Path:
    """The folder of all data sets: `data_dir`, else $JAXVAE_DATA_DIR, else ~/.cache/jaxvae; it need not exist yet.

    >>> str(data_folder("/data/vae"))
    '/data/vae'
    """
    return Path(data_dir or os.environ.get(DATA_DIR_VARIABLE) or DEFAULT_DATA_DIR).expanduser().absolute()


def cache_folder(name: str, root: Path) -> Path:
    """The folder of the cached arrays of one named set.

    >>> str(cache_folder("emnist/letters", Path("/data")))
    '/data/numpy/emnist-letters'
    """
    return root / "numpy" / re.sub(r"[^\w.]", "-", name)  # flat: a set and its configurations must not nest


def read_cache(folder: Path) -> dict[str, Split] | None:
    """The splits that `write_cache` left in `folder`, or None if there are none.

    Raises:
        UserError: if a file there is damaged.
    """
    if not folder.is_dir():
        return None
    splits = {}
    for path in sorted(folder.glob("*.images.npy")):
        split = path.name.removesuffix(".images.npy")
        labels = folder / f"{split}.labels.npy"
        try:
            splits[split] = Split(
                np.load(path, allow_pickle=False),
                np.load(labels, allow_pickle=False) if labels.exists() else None,
            )
        except (OSError, ValueError, EOFError) as error:
            raise UserError(f"{path} or its labels are damaged; delete the folder {folder} and run again") from error
    return splits


def write_cache(folder: Path, splits: dict[str, Split]) -> None:
    """Write all splits or nothing.

    Raises:
        OSError: if the disk is full or cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".writing-") as working:
        arrays = Path(working) / "arrays"
        arrays.mkdir()
        for name, split in splits.items():
            np.save(arrays / f"{name}.images.npy", split.values)
            if split.labels is not None:
                np.save(arrays / f"{name}.labels.npy", split.labels)
        move_into_place(arrays, folder)


def move_into_place(finished: Path, target: Path) -> None:
    """Rename a finished folder to `target`; if another process has finished first, its folder stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        finished.rename(target)
    except OSError:
        if not target.exists():
            raise
