"""Splits by the examples themselves: adding some moves no others."""

import hashlib
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np

from jaxvae.data.dataset import Split, split_off

_BYTES = 8  # of a hash
_PLACES, _READ = 16, 8_192  # of a file, and bytes at each, to hash: reading all of a large set takes minutes
_MOST_ALIKE = 0.01  # share of all examples that may be equal and still keep together


def hashes_of_rows(array: np.ndarray) -> np.ndarray:
    """A hash of the stored bytes of each example, uint64 `[examples]`."""
    return _hashes(np.ascontiguousarray(row).tobytes() for row in array)


def hashes_of_files(paths: Iterable[Path]) -> np.ndarray:
    """A hash of the size of each file and of its bytes at 16 places, uint64."""

    def content(path: Path) -> bytes:
        size = path.stat().st_size
        with path.open("rb") as file:
            parts = [size.to_bytes(8, "little")]
            for start in np.linspace(0, max(size - _READ, 0), _PLACES).astype(int).tolist():
                file.seek(start)
                parts.append(file.read(_READ))
        return b"".join(parts)

    return _hashes(map(content, paths))


def hashes_of_places(count: int) -> np.ndarray:
    """A hash of each number below `count`, uint64, for examples that take too long to read."""
    return _hashes(place.to_bytes(8, "little") for place in range(count))


def _hashes(contents: Iterable[bytes]) -> np.ndarray:
    found = [int.from_bytes(hashlib.blake2b(one, digest_size=_BYTES).digest(), "little") for one in contents]
    return np.array(found, np.uint64)


def splits_to_cut(names: Collection[str]) -> list[str]:
    """The split from which others are cut: the only one, or `train` if `validation` is missing.

    >>> splits_to_cut(["images"]), splits_to_cut(["test", "train"]), splits_to_cut(["test", "train", "validation"])
    (['images'], ['train'], [])
    """
    if len(names) == 1:
        return list(names)
    return [] if "validation" in names else ["train"]


def split_by_hash(split: Split, hashes: np.ndarray, *fractions: float) -> tuple[Split, ...]:
    """Cut `split` into a first part and one for about each of `fractions` of it, by the hash of each example.

    An added or removed example moves no other, and equal examples are in one part. If more than 1 % of all examples are
    equal to each other, or less than half of all are different, each of the equal ones has its own hash: otherwise a
    whole kind of row could be missing from the first part. No part is empty: in a small set, the examples with the
    nearest hashes fill it.

    Args:
        split: the examples.
        hashes: of each, uint64.
        fractions: of all parts but the first.

    Raises:
        UserError: if there are fewer examples than parts.

    >>> images = np.arange(2000).reshape(1000, 2)
    >>> [len(part) for part in split_by_hash(Split(images), hashes_of_rows(images), 0.1, 0.1)]
    [826, 86, 88]
    """
    hashes = _apart(hashes)
    different = np.unique(hashes)
    num_parts = len(fractions) + 1
    if len(different) < num_parts:
        return split_off(split, *fractions)  # which says that there are too few
    ends = np.cumsum([1.0 - sum(fractions), *fractions])
    place = different.astype(np.float64) / 2.0 ** (8 * _BYTES)
    part = np.searchsorted(ends[:-1], place, side="right")
    for empty in sorted(set(range(num_parts)) - set(part.tolist())):
        counts = np.bincount(part, minlength=num_parts)
        is_free = counts[part] > 1
        middle = ends[empty] - 0.5 * (ends[empty] - (ends[empty - 1] if empty else 0.0))
        part[np.argmin(np.where(is_free, np.abs(place - middle), np.inf))] = empty
    of_example = part[np.searchsorted(different, hashes)]
    return tuple(split.take(np.flatnonzero(of_example == k)) for k in range(num_parts))


def _apart(hashes: np.ndarray) -> np.ndarray:
    """The same hashes, except for examples with too many equals: their hash is that of their place among the equals."""
    different, group, sizes = np.unique(hashes, return_inverse=True, return_counts=True)
    most = max(2, int(_MOST_ALIKE * len(hashes))) if 2 * len(different) >= len(hashes) else 1
    place = np.zeros(len(hashes), np.int64)
    order = np.argsort(group, kind="stable")
    starts = np.cumsum(sizes) - sizes
    place[order] = np.arange(len(hashes)) - np.repeat(starts, sizes)
    is_later = (sizes[group] > most) & (place > 0)
    apart = hashes.copy()
    pairs = zip(hashes[is_later].tolist(), place[is_later].tolist(), strict=True)
    apart[is_later] = _hashes(value.to_bytes(8, "little") + index.to_bytes(8, "little") for value, index in pairs)
    return apart
