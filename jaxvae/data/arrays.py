"""What an array from outside must be to become images or labels of a split."""

from collections.abc import Iterable

import numpy as np

from jaxvae.data.dataset import Split
from jaxvae.errors import UserError

LARGEST_LEVEL = 255  # of 8-bit images


def as_images(array: np.ndarray, where: str) -> np.ndarray:
    """Convert to uint8 grey levels or float32, shape [N, D] or [N, H, W, C]; [N, H, W] gets one channel.

    Raises:
        UserError: naming `where` the array came from, for any other dtype, rank or value, or if it is empty.

    >>> as_images(np.array([[[True], [False]]]), "a.npy").shape
    (1, 2, 1, 1)
    """
    if array.ndim not in (2, 3, 4):
        raise UserError(
            f"{where} must have shape [N, D], [N, H, W] or [N, H, W, C], examples first, got {array.shape}; reshape it"
        )
    if array.size == 0:
        raise UserError(f"{where} must hold at least one example, got an empty array of shape {array.shape}; fill it")
    if array.ndim == 3:
        array = array[..., None]
    match array.dtype.kind:
        case "b":
            return array.astype(np.uint8)
        case "i" | "u":
            return _as_levels(array, where)
        case "f":
            return _as_floats(array, where)
    raise UserError(
        f"{where} must hold bool, integer or float numbers, got dtype {array.dtype}; convert it with array.astype"
    )


def _as_levels(array: np.ndarray, where: str) -> np.ndarray:
    smallest, largest = int(array.min()), int(array.max())
    if smallest < 0 or largest > LARGEST_LEVEL:
        raise UserError(
            f"{where} holds integers, which must be grey levels 0..{LARGEST_LEVEL}, got {smallest}..{largest}; "
            "rescale them to 8 bits, or save them (counts, say) as float32"
        )
    return array.astype(np.uint8, copy=False)


def _as_floats(array: np.ndarray, where: str) -> np.ndarray:
    with np.errstate(over="ignore"):  # a float64 too large for float32 turns infinite and is counted below
        array = array.astype(np.float32, copy=False)
    wrong = int(np.count_nonzero(~np.isfinite(array)))
    if wrong:
        raise UserError(
            f"{where} must hold finite float32 numbers, got {wrong:,} NaN or infinite values of {array.size:,}; "
            "remove those examples or fill the gaps"
        )
    return array


def as_labels(array: np.ndarray, count: int, where: str) -> np.ndarray:
    """Convert class labels, shape [count], to int64.

    Raises:
        UserError: naming `where` they came from, if they are not `count` whole numbers.
    """
    if array.dtype.kind not in "biu" or array.shape != (count,):
        raise UserError(
            f"{where} must hold one integer label for each image, shape ({count},), got {array.dtype} {array.shape}; "
            "save class numbers"
        )
    return array.astype(np.int64)


def largest_level(splits: Iterable[Split]) -> int | None:
    """The scale of integer images: 1 if no value of any split exceeds it, else 255; None for float images."""
    splits = list(splits)
    if any(split.images.dtype != np.uint8 for split in splits):
        return None
    return 1 if all(split.images.max() <= 1 for split in splits) else LARGEST_LEVEL
