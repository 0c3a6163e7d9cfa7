"""Columns that float32 would flatten."""

from pathlib import Path

import numpy as np
import pytest

from jaxvae.data import load
from jaxvae.data.offsets import offset_of
from jaxvae.data.tables import as_table
from tests.data.helpers import user_error


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_time_stamps_keep_their_values(tmp_path: Path, dtype: type) -> None:
    seconds = 1_700_000_000 + np.random.default_rng(0).permutation(320)
    np.save(tmp_path / "a.npy", np.stack([seconds, np.arange(320)], axis=1).astype(dtype))
    dataset = load(str(tmp_path / "a.npy"))
    values = np.concatenate([split.values for split in dataset.splits.values()])
    assert values.dtype == np.float32
    assert sorted(values[:, 0]) == list(range(320))
    assert sorted(values[:, 1]) == list(range(320))
    assert dataset.offsets == (1.7e9, 0.0)
    assert dataset.columns == ("real", "count")
    line = "column 0 of {}: 1,700,000,000 was subtracted, since float32 would lose the last digits"
    assert dataset.notes == (line.format(tmp_path / "a.npy"),)


@pytest.mark.parametrize("span", [10, 10_000, 10**6, 3 * 10**7])
@pytest.mark.parametrize("low", [0, 40_000])
def test_time_stamps_of_any_span_are_real_numbers(span: int, low: int) -> None:
    whole = 1_700_000_000 + low + np.random.default_rng(0).integers(0, span, (300, 1))
    for column in (whole, whole + 0.25):
        table = as_table([column], None, "a")
        assert table.kinds == ("real",)
        moved = table.parts[0]
        np.testing.assert_array_equal(moved + table.offsets[0], column)
        assert np.max(np.abs(moved - moved.astype(np.float32))) <= 2.0**-24 * max(span, 1.0) * 2


def test_nanoseconds_are_subtracted_as_integers(tmp_path: Path) -> None:
    stamps = 1_700_000_000_000_000_000 + np.arange(40)[:, None] * 7
    np.save(tmp_path / "a.npy", stamps)
    dataset = load(str(tmp_path / "a.npy"))
    values = np.concatenate([split.values for split in dataset.splits.values()])[:, 0]
    assert sorted(np.diff(np.sort(values))) == [7.0] * 39


def test_all_splits_lose_the_same_offset(tmp_path: Path) -> None:
    stamps = 1.7e9 + np.arange(40.0)[:, None]
    np.savez(tmp_path / "a.npz", train=stamps[:30], test=stamps[30:])
    assert load(str(tmp_path / "a.npz")).test.values[:, 0].tolist() == list(range(30, 40))


def test_given_offsets_are_taken_as_they_are(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", 1.7e9 + 5e4 + np.arange(40.0)[:, None])
    dataset = load(str(tmp_path / "a.npy"), offsets=(1.7e9,))
    assert min(split.values.min() for split in dataset.splits.values()) == 5e4
    assert load(str(tmp_path / "a.npy"), offsets=()).offsets == (0.0,)
    with user_error("`offsets` must be one number for each column of a table, got 2"):
        load(str(tmp_path / "a.npy"), offsets=(1.0, 2.0))
    with user_error("`offsets` is for files of your own"):
        load("digits", offsets=(1.0,))


def test_columns_that_float32_holds_stay_as_they_are() -> None:
    table = np.random.default_rng(0).normal(size=(50, 3)) * [1e-20, 1.0, 1e6] + [1e-19, 1.0, 0.0]
    same = as_table([table], None, "a")
    assert same.parts[0] is table
    assert (same.offsets, same.notes) == ((0.0, 0.0, 0.0), [])
    small = np.full(4, 1e9, np.float32)  # float32 already: nothing is lost any more
    assert offset_of(small) == 0


def test_what_is_lost_all_the_same_is_said() -> None:
    """Time stamps, half of which are missing and 0: no one offset helps."""
    stamps = np.where(np.arange(80) % 2 == 0, 0.0, 1.7e9 + np.arange(80))[:, None]
    notes = as_table([stamps], (0.0,), "a").notes
    assert notes == ["column 0 of a: float32 keeps 3 of 41 values apart"]


def test_columns_that_never_change_are_named() -> None:
    table = np.stack([np.arange(9.0), np.full(9, 0.5), np.full(9, 3.0)], axis=1)
    assert as_table([table], None, "a").notes == ["of a, these columns never change: 1, 2"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39, 1e-40])
def test_odd_numbers_give_no_warning(tmp_path: Path, value: float) -> None:
    table = np.random.default_rng(0).normal(size=(30, 2))
    table[3, 0] = value
    np.save(tmp_path / "a.npy", table)
    if np.isfinite(np.float32(min(value, 1e38))) and value < 1:
        assert load(str(tmp_path / "a.npy")).columns == ("real", "real")
    else:
        with user_error("must hold finite float32 numbers, got 1 ", "infinite values of 60"):
            load(str(tmp_path / "a.npy"))
