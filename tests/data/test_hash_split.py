"""Splits by content: nobody changes sides, equal examples keep together, no part is empty."""

from pathlib import Path

import numpy as np
import pytest

from jaxvae.data import load
from jaxvae.data.dataset import Split
from jaxvae.data.hash_split import hashes_of_files, hashes_of_places, hashes_of_rows, split_by_hash
from tests.data.helpers import user_error

FRACTIONS = (0.1, 0.25)


def parts_of(rows: np.ndarray) -> list[set[bytes]]:
    parts = split_by_hash(Split(rows), hashes_of_rows(rows), *FRACTIONS)
    assert sum(map(len, parts)) == len(rows)
    return [{row.tobytes() for row in part.values} for part in parts]


def test_one_more_row_moves_no_other() -> None:
    rows = np.random.default_rng(0).normal(size=(200, 3))
    before, after = parts_of(rows), parts_of(np.insert(rows, 7, 0.5, axis=0))
    assert [len(new - old) for old, new in zip(before, after, strict=True)].count(1) == 1
    assert all(old <= new for old, new in zip(before, after, strict=True))


def test_equal_rows_are_on_one_side_and_parts_are_about_their_shares() -> None:
    """Shares within 6 standard errors."""
    different = np.random.default_rng(1).integers(0, 256, (900, 4)).astype(np.uint8)
    parts = parts_of(np.concatenate([different, different[:300], different[:100]]))
    assert len(set().union(*parts)) == sum(map(len, parts))
    for share, part in zip((0.65, *FRACTIONS), parts, strict=True):
        assert abs(len(part) - 900 * share) < 6 * np.sqrt(900 * share * (1 - share))


@pytest.mark.parametrize("count", [3, 4, 11])
def test_no_part_is_empty(count: int) -> None:
    for seed in range(50):
        rows = np.random.default_rng(seed).normal(size=(count, 2))
        assert all(parts_of(np.concatenate([rows, rows])))


def test_many_equal_rows_are_spread_so_that_no_kind_of_row_is_missing() -> None:
    """Three kinds of rows, and one row among many different ones: each part has its share within 6 standard errors."""
    kinds = np.repeat(np.eye(3), 1500, axis=0)
    popular = np.concatenate([np.zeros((400, 3)), np.random.default_rng(3).normal(size=(1600, 3))])
    for rows, row, count in ((kinds, kinds[0], 1500), (popular, popular[0], 400)):
        parts = split_by_hash(Split(rows), hashes_of_rows(rows), *FRACTIONS)
        for share, part in zip((0.65, *FRACTIONS), parts, strict=True):
            found = np.sum(np.all(part.values == row, axis=1))
            assert abs(found - share * count) < 6 * np.sqrt(count * share * (1 - share))


def test_one_more_of_many_equal_rows_moves_no_other() -> None:
    before, after = (np.repeat(np.eye(3), (count, 90, 80), axis=0) for count in (100, 101))
    sizes = [[len(part) for part in split_by_hash(Split(x), hashes_of_rows(x), *FRACTIONS)] for x in (before, after)]
    assert sorted(np.subtract(sizes[1], sizes[0])) == [0, 0, 1]


def test_all_rows_equal() -> None:
    same = np.zeros((9, 2))
    parts = split_by_hash(Split(same), hashes_of_rows(same), *FRACTIONS)
    assert all(len(part) for part in parts)
    with user_error("needs at least 3 examples, got 2"):
        split_by_hash(Split(same[:2]), hashes_of_rows(same[:2]), *FRACTIONS)


def test_files_that_begin_alike_are_told_apart(tmp_path: Path) -> None:
    content = np.zeros(300_000, np.uint8)
    for number in range(5):
        content[200_000:] = number
        (tmp_path / f"{number}.bmp").write_bytes(content.tobytes())
    assert len(np.unique(hashes_of_files(sorted(tmp_path.iterdir())))) == 5


def test_places_keep_their_sides_as_more_come() -> None:
    few, more = (split_by_hash(Split(np.arange(n)), hashes_of_places(n), *FRACTIONS) for n in (100, 130))
    for old, new in zip(few, more, strict=True):
        assert set(old.values) == {place for place in new.values if place < 100}


def test_labels_and_rows_of_a_file_follow_their_example(tmp_path: Path) -> None:
    rows, labels = np.random.default_rng(2).normal(size=(120, 5)), np.arange(120)
    np.savez(tmp_path / "a.npz", X=rows, y=labels)
    keep = np.r_[3:120, 0]
    np.savez(tmp_path / "b.npz", X=rows[keep], y=labels[keep])
    first, second = load(str(tmp_path / "a.npz")), load(str(tmp_path / "b.npz"))
    for split in ("train", "validation", "test"):
        of_first, of_second = first.splits[split].labels, second.splits[split].labels
        assert of_first is not None
        assert of_second is not None
        assert set(of_second) == set(of_first) - {1, 2}
