"""Which entries of the arrays of a file were seen: by masks of their own, by NaN, or by both."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from jaxvae.data.hidden_entries import without_nan
from jaxvae.errors import UserError
from jaxvae.hidden import check_seen


class SeenEntries(NamedTuple):
    """Arrays whose hidden entries have values, and what is known of their entries; of splits without gaps nothing."""

    values: dict[Any, np.ndarray]
    observed: dict[Any, np.ndarray]
    """Which entries were seen, of the shape of the array."""
    placeholders: dict[Any, np.ndarray]
    """Where a value is not known, but one of another example."""


def seen_entries(
    stored: Mapping[Any, np.ndarray],
    masks: Mapping[Any, np.ndarray],
    missing: Literal["nan"] | None,
    where: Mapping[tuple[Any, str], str],
) -> SeenEntries:
    """Combine masks and NaN: an entry was seen if its mask says so and, with `missing='nan'`, it is no NaN.

    Hidden entries without a finite value get one of the same entry of another example.

    Args:
        stored: the array of each split.
        masks: of the splits that have one.
        missing: `nan` if NaN means not seen, also where a mask says seen.
        where: the name of each array in messages, by split and `values` or `observed`.

    Raises:
        UserError: for a mask of another shape or of other numbers than 0 and 1, or NaN where an entry was seen.
    """
    observed = {split: _mask(mask, stored[split], where[split, "observed"]) for split, mask in masks.items()}
    gaps = {split: np.isnan(array) for split, array in stored.items() if array.dtype.kind == "f"}
    for split, gap in gaps.items():
        if missing is not None and gap.any():
            observed[split] = observed.get(split, True) & ~gap
        elif split in masks:
            check_seen(stored[split], observed[split], where[split, "values"])
    unknown = {split: ~_is_finite(stored[split]) & ~observed[split] for split in gaps if split in observed}
    if not any(mask.any() for mask in unknown.values()):
        return SeenEntries(dict(stored), observed, {})
    known = {split: _is_finite(array) & observed.get(split, True) for split, array in stored.items()}
    donors = {split: np.where(known[split], array, np.nan) for split, array in stored.items()}
    is_alike = len({array.shape[1:] for array in stored.values()}) == 1 and all(part.ndim for part in stored.values())
    filled = without_nan(donors)[0] if is_alike else {split: np.zeros(part.shape) for split, part in stored.items()}
    values = {
        split: np.where(unknown[split], filled[split], array) if split in unknown else array
        for split, array in stored.items()
    }
    return SeenEntries(values, observed, {split: mask for split, mask in unknown.items() if mask.any()})


def _mask(mask: np.ndarray, array: np.ndarray, where: str) -> np.ndarray:
    """A mask as bool.

    Raises:
        UserError: if its dtype, its numbers or its shape are not those of a mask.
    """
    fix = "save True where an entry was seen and False elsewhere"
    if mask.dtype.kind not in "biuf":
        raise UserError(f"{where} must hold a mask of True and False, got {mask.dtype}: {fix}")
    other = mask[(mask != 0) & (mask != 1)]
    if other.size:
        raise UserError(
            f"{where} must hold a mask of True and False, or 1 and 0, got {other.size:,} other numbers, the first "
            f"{other.flat[0]:g}: {fix}"
        )
    if mask.shape != array.shape:
        raise UserError(
            f"{where} must have the shape of its examples, {array.shape}, got {mask.shape}: save a mask of every entry"
        )
    return mask.astype(bool)


def _is_finite(array: np.ndarray) -> np.ndarray:
    """Whether numbers are finite once they are float32."""
    if array.dtype.kind != "f":
        return np.ones(array.shape, bool)
    with np.errstate(over="ignore"):
        return np.isfinite(array.astype(np.float32))
