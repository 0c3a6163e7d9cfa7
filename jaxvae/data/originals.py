"""The papers' own data sets: their files, and how to read them."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jaxvae.data.files import read_arrays
from jaxvae.errors import UserError
from jaxvae.typing import Shape

IMAGE_SHAPE: Shape = (28, 28, 1)


@dataclass(frozen=True)
class Original:
    """The files of one set by split (images, then labels if any), and the sum of all training pixels.

    The sum finds an error that checksums of the sources cannot: one set unpacked over another.
    """

    files: dict[str, tuple[str, ...]]
    train_pixel_sum: int


_IDX = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
_AMAT = {
    "train": ("binarized_mnist_train.amat",),
    "validation": ("binarized_mnist_valid.amat",),
    "test": ("binarized_mnist_test.amat",),
}
ORIGINALS = {
    "mnist": Original(_IDX, train_pixel_sum=1_567_298_545),
    "fashion_mnist": Original(_IDX, train_pixel_sum=3_431_114_169),
    "binarized_mnist": Original(_AMAT, train_pixel_sum=5_118_041),
}
BINARIZED_ARRAYS = "binarized_mnist.npz"  # the same images as arrays train, validation and test


def read_original(paths: Sequence[Path]) -> tuple[np.ndarray, np.ndarray | None]:
    """Images [N, 28, 28, 1] uint8 and labels [N] int64 (None for `.amat`) from the files of one split.

    The checksums of the files are already checked, so their layout is known.
    """
    if paths[0].suffix == ".amat":
        return _read_amat(paths[0].read_bytes()), None
    images, labels = (gzip.decompress(path.read_bytes()) for path in paths)
    return (
        np.frombuffer(images, np.uint8, offset=16).reshape(-1, *IMAGE_SHAPE),  # magic number, count, height, width
        np.frombuffer(labels, np.uint8, offset=8).astype(np.int64),  # magic number, count
    )


def _read_amat(text: bytes) -> np.ndarray:
    """Lines of 784 digits 0 or 1, one character apart."""
    return (np.frombuffer(text, np.uint8)[::2] - ord("0")).reshape(-1, *IMAGE_SHAPE)


def _write_amat(images: np.ndarray) -> bytes:
    """The text that `_read_amat` reads; for the published arrays it equals the published file, bit for bit."""
    digits = images.reshape(len(images), -1)
    text = np.full((len(digits), 2 * digits.shape[1]), ord(" "), np.uint8)
    text[:, ::2] = digits + ord("0")
    text[:, -1] = ord("\n")
    return text.tobytes()


def unpack_binarized(path: Path, folder: Path) -> None:
    """Write the arrays of binarized_mnist.npz at `path` into `folder`, as the three published `.amat` files.

    Raises:
        UserError: if the file does not hold the published arrays.
    """
    arrays = read_arrays(path)
    for split, (name,) in _AMAT.items():
        images = arrays.get(split)
        if images is None or images.shape[1:] != IMAGE_SHAPE or images.dtype != np.uint8 or images.max(initial=0) > 1:
            got = "no such array" if images is None else f"{images.dtype} {images.shape}"
            raise UserError(
                f"{path}, array {split!r}, must hold uint8 images of shape (N, 28, 28, 1) in {{0, 1}}, got {got}; "
                "give the published .amat files instead"
            )
        (folder / name).write_bytes(_write_amat(images))
