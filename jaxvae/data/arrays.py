"""Checks of the user's arrays before they become images or labels of a split."""

from collections.abc import Iterable
from typing import Literal

import numpy as np

from jaxvae.data.dataset import Split
from jaxvae.errors import UserError

LARGEST_LEVEL = 255  # of 8-bit images
_MOST_OF_FEW_LEVELS = 127  # a larger maximum is taken for that of 8-bit images without white
_MOST_CHANNELS = 4
UNKNOWN = -1  # the label of an example whose class is not known
MOST_EXACT = 2**24  # float32 holds every integer up to it

Channels = Literal["first", "last"]


def as_images(array: np.ndarray, where: str) -> np.ndarray:
    """Convert to uint8 grey levels or float32, shape [N, D] or [N, H, W, C]; [N, H, W] gets one channel.

    Integers below 0 or above 255 are not grey levels; they become float32.

    Raises:
        UserError: naming the source `where` of the array, for any other dtype, rank or value, or if it is empty.

    >>> as_images(np.array([[[True], [False]]]), "a.npy").shape
    (1, 2, 1, 1)
    >>> as_images(np.array([[-3, 70_000]]), "a.npy").dtype
    dtype('float32')
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
            return _as_integers(array, where)
        case "f":
            return _as_floats(array, where)
    raise UserError(
        f"{where} must hold bool, integer or float numbers, got dtype {array.dtype}; convert it with array.astype"
    )


def _as_integers(array: np.ndarray, where: str) -> np.ndarray:
    smallest, largest = int(array.min()), int(array.max())
    if smallest >= 0 and largest <= LARGEST_LEVEL:
        return array.astype(np.uint8, copy=False)
    if max(-smallest, largest) > MOST_EXACT:
        raise UserError(
            f"{where} must hold integers that float32 can tell apart, -{MOST_EXACT:,} to {MOST_EXACT:,}, got "
            f"{smallest:,}..{largest:,}; subtract the smallest, or divide them"
        )
    return array.astype(np.float32)


def channels_last(array: np.ndarray, channels: Channels | None, where: str) -> tuple[np.ndarray, str | None]:
    """Images [N, H, W, C] from images with channels first or last, and a line if they were found to come first.

    Channels come first if the axis after the examples has 1 to 4 entries and the last axis has more.

    Raises:
        UserError: if `channels` is given for an array that has no axis of them.

    >>> moved, note = channels_last(np.zeros((9, 3, 8, 6)), None, "a.npy")
    >>> moved.shape, note
    ((9, 8, 6, 3), "a.npy has its channels first, (3, 8, 6): they were moved to the end; `channels='last'` if not")
    """
    if array.ndim != 4:
        if channels is not None:
            raise UserError(f"`channels` needs images with four axes, {where} has shape {array.shape}: leave it out")
        return array, None
    is_first = array.shape[1] <= _MOST_CHANNELS < array.shape[3] if channels is None else channels == "first"
    if not is_first:
        return array, None
    shape = array.shape[1:]
    note = f"{where} has its channels first, {shape}: they were moved to the end; `channels='last'` if not"
    return np.moveaxis(array, 1, 3), None if channels else note


def _as_floats(array: np.ndarray, where: str) -> np.ndarray:
    with np.errstate(over="ignore"):  # a float64 too large for float32 turns infinite and is counted below
        array = array.astype(np.float32, copy=False)
    wrong = int(np.count_nonzero(~np.isfinite(array)))
    if wrong:
        has_nan = bool(np.isnan(array).any())
        kind = "NaN or infinite values" if has_nan else "infinite values"
        gaps = "take `missing='nan'` if NaN means not observed, or " if has_nan else ""
        raise UserError(
            f"{where} must hold finite float32 numbers, got {wrong:,} {kind} of {array.size:,}; "
            f"{gaps}remove those examples"
        )
    return array


def as_labels(array: np.ndarray, count: int, names: tuple[str, ...], where: str) -> np.ndarray:
    """Convert class labels, shape [count] or [count, 1], to int64; strings become their places in `names`.

    The label −1 stands for a class that is not known.

    Raises:
        UserError: naming their source `where`, if they are not `count` whole numbers of at least −1, or strings.
    """
    labels = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if labels.dtype.kind not in "biuUS" or labels.shape != (count,):
        raise UserError(
            f"{where} must hold one integer or string for each image, shape ({count},), got {array.dtype} "
            f"{array.shape}; save class numbers or names"
        )
    if is_text(labels):
        return np.searchsorted(names, labels.astype(str)).astype(np.int64)
    if (least := int(labels.min(initial=0))) < UNKNOWN:
        raise UserError(
            f"{where} must hold classes 0, 1, …, or {UNKNOWN} where the class is not known, got {least}: number the "
            f"classes from 0"
        )
    return labels.astype(np.int64)


def as_conditions(array: np.ndarray, count: int, where: str) -> np.ndarray:
    """Convert conditions, shape [count] or [count, columns], to rows of float32.

    Raises:
        UserError: naming their source `where`, if they are not a row of real numbers for each example.
    """
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2) or len(array) != count or not array.size:
        raise UserError(
            f"{where} must hold numbers, shape ({count},) or ({count}, columns), got {array.dtype} {array.shape}; save "
            f"class numbers 0, 1, … in the place of names"
        )
    with np.errstate(over="ignore"):  # what is too large turns infinite, which is refused
        return array.reshape(count, -1).astype(np.float32)


def is_text(labels: np.ndarray) -> bool:
    """Whether labels are strings."""
    return labels.dtype.kind in "US"


def largest_level(splits: Iterable[Split]) -> int | None:
    """The scale of integer images: the largest value of all splits, 255 if it is above 127; None for float images.

    >>> [largest_level([Split(np.array([[0, most]], np.uint8))]) for most in (0, 1, 16, 127, 128)]
    [1, 1, 16, 127, 255]
    """
    splits = list(splits)
    if any(split.values.dtype != np.uint8 for split in splits):
        return None
    most = max(int(split.values.max()) for split in splits)
    return LARGEST_LEVEL if most > _MOST_OF_FEW_LEVELS else max(most, 1)


def with_maximum(splits: Iterable[Split], maximum: int, where: str) -> int:
    """`maximum` as the largest level of integer images.

    Raises:
        UserError: if a value is above it, or the data are floats.
    """
    splits = list(splits)
    if any(split.values.dtype != np.uint8 for split in splits):
        raise UserError(f"`maximum` is the largest grey level of integers 0..255, {where} holds floats: leave it out")
    most = max(int(split.values.max()) for split in splits)
    if not max(most, 1) <= maximum <= LARGEST_LEVEL:
        raise UserError(
            f"`maximum` must be from the largest value of the data, {most}, to {LARGEST_LEVEL}, got {maximum}"
        )
    return maximum
