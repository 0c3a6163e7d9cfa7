"""One way in: a data set by name or by path."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from jaxvae.calls import is_call
from jaxvae.data.arrays import Channels
from jaxvae.data.cache import data_folder
from jaxvae.data.dataset import Dataset
from jaxvae.data.digits import load_digits
from jaxvae.data.files import SUFFIXES, load_files
from jaxvae.data.from_function import load_function
from jaxvae.data.names import DIGITS, NAMES, SHAPES
from jaxvae.data.records import SUFFIX, load_records
from jaxvae.data.shapes import load_shapes
from jaxvae.data.tfds_sets import load_named
from jaxvae.errors import UserError


def load(
    data: str,
    data_dir: str | os.PathLike | None = None,
    *,
    stream: bool = False,
    channels: Channels | None = None,
    maximum: int | None = None,
    offsets: Sequence[float] | None = None,
    missing: Literal["nan"] | None = None,
) -> Dataset:
    """Load `digits` (embedded), `shapes` (drawn), a path (`.npz`, `.npy`, a folder of images) or a set by its name.

    A name is one of the library's or an image set of tensorflow-datasets. The import path of your own function that
    returns a `Dataset` works, too: `my_module.load`, or with options `my_module.load(size=100)`.

    `mnist`, `fashion_mnist` and `binarized_mnist` keep the order and the sizes of the papers (50,000/10,000/10,000).
    Named sets are in `data_dir`, by default $JAXVAE_DATA_DIR or else ~/.cache/jaxvae. A missing set is downloaded if
    its host answers. The second load takes a tenth of a second.

    With `stream`, the training examples of a folder of images stay on disk (`Records`); those of an `.array_record`
    file always do. `channels`, `maximum`, `offsets` and `missing` are for files with arrays, see
    `load_files`.

    Raises:
        UserError: one line with the fix, if `data` is unknown, missing, not downloadable or not of the right kind.

    >>> digits = load("digits")
    >>> digits.data_shape, digits.maximum, len(digits.test)
    ((8, 8, 1), 16, 180)
    """
    path = Path(data).expanduser()
    if path.suffix == SUFFIX or (stream and path.is_dir()):
        if missing is not None:
            raise UserError(f"`missing` is for .npz and .npy files, got {data}: leave it out")
        if channels is not None:
            raise UserError(f"`channels` is for .npz and .npy files, got {data}: leave it out")
        return load_records(path, data, maximum)
    if stream:
        raise UserError(
            f"`stream` keeps a folder of images or an {SUFFIX} file on disk, got {data}: leave it out, or write the "
            f"examples with jaxvae.data.write_records"
        )
    if is_path(data):
        return load_files(data, channels=channels, maximum=maximum, offsets=offsets, missing=missing)
    of_files = {"channels": channels, "maximum": maximum, "offsets": offsets, "missing": missing}
    for option in [name for name, value in of_files.items() if value is not None]:
        raise UserError(f"`{option}` is for files of your own, the set {data} states it: leave it out")
    if data == DIGITS:
        return load_digits()
    if data == SHAPES:
        return load_shapes()
    if is_call(data):
        return load_function(data)
    return load_named(data, data_folder(data_dir))


def is_path(data: str) -> bool:
    """Whether `data` is a path: it has a suffix of data, or exists.

    `mnist` is always a name, and so is `emnist/letters`.

    >>> is_path("my.npz"), is_path("emnist/letters"), is_path("mnist")
    (True, False, False)
    """
    path = Path(data).expanduser()
    return data not in ("", *NAMES) and (path.suffix.lower() in (*SUFFIXES, SUFFIX) or path.exists())
