"""Hidden entries of data sets: NaN and masks in files, entries hidden on purpose, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jaxvae as jv
from jaxvae.data import Dataset, Split, load
from jaxvae.data.dataset import split_off
from jaxvae.data.fingerprint import fingerprints
from jaxvae.data.hidden_entries import hide, with_placeholders, without_nan
from jaxvae.runs.data_condition import with_condition
from jaxvae.runs.data_flags import DataFlags
from jaxvae.runs.run_data import prepare_data
from tests.data.helpers import user_error

ROWS = 90


def table(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack([rng.normal(2.0, 3.0, ROWS), rng.poisson(9.0, ROWS), rng.integers(0, 2, ROWS)], axis=1)


def dataset(values: Any, **known: Any) -> Dataset:
    part = Split(np.asarray(values, np.float32), **known)
    return Dataset("mine", part, part, part, maximum=None)


def test_nan_is_hidden_and_leaves_kinds_and_numbers_as_they_are(tmp_path: Path) -> None:
    """Of a table with NaN in every column, the kinds are those of the whole table; observed values do not change."""
    values = table()
    gaps = np.random.default_rng(1).random(values.shape) < 0.3
    np.savez(tmp_path / "gaps.npz", x=np.where(gaps, np.nan, values), y=np.arange(ROWS) % 3)
    np.savez(tmp_path / "whole.npz", x=values)
    found, whole = load(str(tmp_path / "gaps.npz"), missing="nan"), load(str(tmp_path / "whole.npz"))
    assert found.columns == whole.columns == ("real", "count", "binary")
    total = 0
    for part in found.splits.values():
        assert part.observed is not None
        assert part.placeholders is not None
        assert np.all(np.isfinite(part.values))
        np.testing.assert_array_equal(part.placeholders, ~part.observed)
        total += int((~part.observed).sum())
        for d in range(3):  # placeholders are values of the column
            assert set(part.values[~part.observed[:, d], d].tolist()) <= set(values[:, d].astype(np.float32).tolist())
    assert total == int(gaps.sum())


def test_large_offsets_survive_gaps(tmp_path: Path) -> None:
    """Time stamps of 1.7e9 s with NaN among them keep their seconds."""
    stamps = 1_700_000_000.0 + np.arange(60.0)[:, None]
    stamps[::7] = np.nan
    np.savez(tmp_path / "a.npz", train=stamps, validation=stamps, test=stamps)
    found = load(str(tmp_path / "a.npz"), missing="nan")
    assert found.offsets != (0.0,)
    seen = found.train.observed
    assert seen is not None
    np.testing.assert_array_equal(found.train.values[seen].astype(np.float64) + found.offsets[0], stamps[seen])


def test_masks_and_conditions_of_their_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for split, count in (("train", 9), ("validation", 4), ("test", 5)):
        arrays[split] = rng.integers(0, 2, (count, 3, 4)).astype(np.uint8)
        arrays[f"{split}_observed"] = rng.random((count, 3, 4)) < 0.5
        arrays[f"{split}_conditions"] = rng.normal(size=count)
    np.savez(tmp_path / "a.npz", **arrays)
    found = load(str(tmp_path / "a.npz"))
    for split, part in found.splits.items():
        np.testing.assert_array_equal(part.observed[..., 0], arrays[f"{split}_observed"])  # type: ignore[index]
        np.testing.assert_allclose(part.conditions[:, 0], arrays[f"{split}_conditions"], rtol=1e-6)  # type: ignore[index]
        assert part.placeholders is None
    arrays["train_observed"] = arrays["train_observed"][:, :2]
    np.savez(tmp_path / "b.npz", **arrays)
    with user_error("must have the shape of its examples, (9, 3, 4), got (9, 2, 4)"):
        load(str(tmp_path / "b.npz"))


def saved(path: Path, **changes: Any) -> str:
    """A file of three splits of one table with masks, in which `changes` are made."""
    values = table()
    seen = np.random.default_rng(3).random(values.shape) < 0.6
    arrays: dict[str, Any] = dict.fromkeys(("train", "validation", "test"), values)
    arrays |= {f"{split}_observed": seen for split in arrays}
    np.savez(path, **(arrays | changes))
    return str(path)


def test_masks_and_nan_together(tmp_path: Path) -> None:
    """NaN needs no flag where a mask hides it; with the flag, an entry was seen if the mask and NaN say so."""
    values = table()
    seen = np.random.default_rng(3).random(values.shape) < 0.6
    hidden_nan = np.where(seen, values, np.nan)
    hidden_nan[tuple(np.argwhere(~seen)[0])] = np.inf
    found = load(saved(tmp_path / "a.npz", train=hidden_nan))
    np.testing.assert_array_equal(found.train.observed, seen)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.train.placeholders, ~seen)  # type: ignore[arg-type]
    assert found.test.placeholders is None  # the truth is known
    assert np.all(np.isfinite(found.train.values))
    assert found.columns == ("real", "count", "binary")

    gaps = np.random.default_rng(4).random(values.shape) < 0.2
    path = saved(tmp_path / "b.npz", train=np.where(gaps, np.nan, values))
    row, column = np.argwhere(gaps & seen)[0]
    with user_error(f"b.npz, array 'train', must hold numbers where they are observed, got {(gaps & seen).sum()} NaN, "
                    f"the first at [{row}, {column}]"):  # fmt: skip
        load(path)
    both = load(path, missing="nan").train
    np.testing.assert_array_equal(both.observed, seen & ~gaps)  # type: ignore[arg-type]
    np.testing.assert_array_equal(both.placeholders, gaps)  # type: ignore[arg-type]
    np.testing.assert_array_equal(both.values[~gaps], values.astype(np.float32)[~gaps])
    for d in range(3):  # of observed entries only
        assert set(both.values[gaps[:, d], d].tolist()) <= set(values[:, d].astype(np.float32).tolist())


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.ones((ROWS, 3), int) * 2, "must hold a mask of True and False, or 1 and 0, got 270 other numbers, the fir"),
        (np.full((ROWS, 3), np.nan), "the first nan: save True where an entry was seen"),
        (np.full((ROWS, 3), "yes"), "must hold a mask of True and False, got <U3"),
        (np.array(True), "must have the shape of its examples, (90, 3), got ()"),
    ],
)
def test_what_is_no_mask_is_one_line(tmp_path: Path, mask: np.ndarray, words: str) -> None:
    with user_error(words):
        load(saved(tmp_path / "a.npz", train_observed=mask))


def test_a_mask_may_be_of_ones_and_zeros(tmp_path: Path) -> None:
    seen = np.random.default_rng(3).random((ROWS, 3)) < 0.5
    for dtype in (np.uint8, np.float32):
        found = load(saved(tmp_path / "a.npz", train_observed=seen.astype(dtype)))
        np.testing.assert_array_equal(found.train.observed, seen)  # type: ignore[arg-type]


def test_an_infinite_value_is_counted_once_beside_nan(tmp_path: Path) -> None:
    values = np.where(np.random.default_rng(0).random((ROWS, 3)) < 0.5, np.nan, table())
    values[7] = np.inf, 1.0, 1.0
    np.save(tmp_path / "a.npy", values)
    with user_error("got 1 infinite values of 270"):
        load(str(tmp_path / "a.npy"), missing="nan")


def test_splits_of_other_shapes_with_nan_are_one_line(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", train=np.where(np.eye(9) > 0, np.nan, 1.0), test=np.ones((9, 4)))
    with user_error("must hold examples of one dtype and shape"):
        load(str(tmp_path / "a.npz"), missing="nan")


def test_hiding_is_at_its_rate_always_the_same_and_keeps_the_truth() -> None:
    values = np.random.default_rng(0).normal(size=(400, 5, 4, 1))
    once, again = (hide(dataset(values), 0.3) for _ in range(2))
    for one, other in zip(once.splits.values(), again.splits.values(), strict=True):
        assert one.observed is not None
        assert other.observed is not None
        np.testing.assert_array_equal(one.observed, other.observed)
        np.testing.assert_array_equal(one.values, values.astype(np.float32))
    seen = once.train.observed
    assert seen is not None
    assert abs(seen.mean() - 0.7) < 5 * np.sqrt(0.21 / seen.size)
    assert not np.array_equal(seen, once.test.observed)  # type: ignore[arg-type]
    assert fingerprints(once) != fingerprints(dataset(values))


def test_a_dataset_of_your_own_may_hold_nan_where_it_is_hidden() -> None:
    values = table()
    seen = np.random.default_rng(2).random(values.shape) < 0.5
    found = with_placeholders(dataset(np.where(seen, values, np.nan), observed=seen))
    assert np.all(np.isfinite(found.train.values))
    np.testing.assert_array_equal(found.train.placeholders, ~seen)  # type: ignore[arg-type]
    known = with_placeholders(dataset(values, observed=seen))
    assert known.train.placeholders is None  # the truth is known
    wrong = np.where(seen, values, np.nan)
    wrong[np.argwhere(seen)[5, 0], np.argwhere(seen)[5, 1]] = np.nan
    with user_error("must hold numbers where they are observed, got 1 NaN, the first at ["):
        with_placeholders(dataset(wrong, observed=seen))


def test_what_cannot_be_hidden_is_one_line(tmp_path: Path) -> None:
    values = table()
    seen = np.ones(values.shape, bool)
    with user_error(
        "observed of split 'train' must be bool of the shape of its values, (90, 3), got bool of shape (90, 2)"
    ):
        dataset(values, observed=seen[:, :2])
    with user_error("observed of split 'train' must be True for some entries, got none: all are hidden"):
        dataset(values, observed=np.zeros_like(seen))
    seen[:, 1] = False
    with user_error(
        "every entry must be observed in some training example of mine, got 1 that never are, the first at [1]"
    ):
        with_placeholders(dataset(values, observed=seen))
    for share in (0.0, 1.0):
        with user_error("`hide` must be > 0 and < 1"):
            hide(dataset(values), share)
    with user_error("`hide` hides 2 of 3 entries in every training example of mine, got 0.99: hide a smaller share"):
        hide(dataset(values), 0.99)
    with user_error("`hide` hides 3 of 3 entries in every training example and all of train and all of validation of"):
        hide(dataset(values), 0.999)
    np.savez(tmp_path / "gap.npz", x=np.where(np.eye(6) > 0, np.nan, 1.5))
    with user_error("take `missing='nan'` if NaN means not observed"):
        load(str(tmp_path / "gap.npz"))
    with user_error("`missing` is for files of your own"):
        load("digits", missing="nan")
    np.savez(tmp_path / "column.npz", x=np.where(np.arange(3) == 1, np.nan, table()))
    with user_error("got 1 that never are, the first at [1]"):
        prepare_data(DataFlags(str(tmp_path / "column.npz"), missing="nan"))


def test_conditions_by_label_and_by_columns() -> None:
    values = table()
    labels = np.arange(ROWS) % 4
    seen = np.random.default_rng(2).random(values.shape) < 0.7
    with user_error("got NaN in"):  # column 0 is hidden in places
        with_condition(dataset(values, observed=seen), "columns:0", None)
    by_label = with_condition(dataset(values, labels=labels), "label", 0.25)
    assert by_label.condition == jv.Condition(("categorical:4",), 0.25)
    np.testing.assert_array_equal(by_label.dataset.train.conditions, labels[:, None])  # type: ignore[arg-type]
    by_columns = with_condition(dataset(values), "columns:2,0", None)
    assert by_columns.condition == jv.Condition(("categorical:2", "real"))
    np.testing.assert_allclose(by_columns.dataset.train.conditions, values[:, [2, 0]], rtol=1e-6)  # type: ignore[arg-type]
    np.testing.assert_allclose(by_columns.dataset.train.values, values[:, [1]], rtol=1e-6)


def test_conditions_that_a_data_set_has_itself() -> None:
    values, rows = table(), np.stack([np.arange(ROWS) % 2, np.linspace(-1, 1, ROWS)], axis=1).astype(np.float32)
    found = with_condition(dataset(values, conditions=rows), None, None)
    assert found.condition == jv.Condition(("categorical:2", "real"))
    kinds = ("categorical:5", "real")
    assert with_condition(dataset(values, conditions=rows), None, None, kinds).condition == jv.Condition(kinds)


def test_few_whole_numbers_stay_real_with_a_note() -> None:
    values = np.stack([np.arange(ROWS) % 5, np.arange(ROWS) % 2, np.linspace(-1, 1, ROWS)], axis=1)
    found = with_condition(dataset(values), "columns:0,1", None)
    assert found.condition == jv.Condition(("real", "categorical:2"))
    (note,) = found.dataset.notes
    assert note == (
        "column 0 of the condition holds 5 whole numbers, 0 to 4, and is taken as real; "
        "`condition_kinds=('categorical:5', 'categorical:2')` if they are classes"
    )
    assert with_condition(dataset(values), "columns:0,1", None, ("real", "real")).dataset.notes == ()
    assert with_condition(dataset(values), "columns:2", None).dataset.notes == ()


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        (np.array(["a"] * ROWS), "must hold numbers, shape (90,) or (90, columns), got <U1 (90,)"),
        (np.full(ROWS, 1j), "got complex128 (90,)"),
        (np.ones((ROWS, 0)), "got float64 (90, 0)"),
        (np.array(1.0), "got float64 ()"),
        (np.ones((ROWS, 2)), "as many columns as in training, 2, got 1 in validation"),
        (np.where(np.arange(ROWS) < 4, -np.inf, 1.5), "must hold finite numbers, got 4 infinite ones, the first in"),
    ],
)
def test_wrong_conditions_of_a_file_are_one_line(tmp_path: Path, conditions: np.ndarray, words: str) -> None:
    other = {f"{split}_conditions": np.linspace(0, 1, ROWS) for split in ("validation", "test")}
    path = saved(tmp_path / "a.npz", train_conditions=conditions, **other)
    with user_error(words):
        prepare_data(DataFlags(path))


@pytest.mark.parametrize(
    ("condition", "kinds", "words"),
    [
        ("columns:0,1", ("real",), "a kind for each of the 2 columns of the condition, got 1"),
        (
            "columns:2",
            ("class",),
            "must be real or categorical:K with K >= 2 classes, such as categorical:10; got 'class'",
        ),
        (None, ("real",), "`condition_kinds` needs a condition, got none"),
    ],
)
def test_wrong_kinds_of_a_condition_are_one_line(condition: str | None, kinds: tuple[str, ...], words: str) -> None:
    with user_error(words):
        with_condition(dataset(table()), condition, None, kinds)


def test_a_class_that_training_never_shows_is_refused() -> None:
    train, validation, test = split_off(Split(np.asarray(table(), np.float32), np.arange(ROWS) % 4), 0.2, 0.2)
    few = train.take(np.flatnonzero(train.labels != 3))  # type: ignore[arg-type]
    with user_error("classes of a condition must occur in training, got 3 in column 0 of the validation split of mine"):
        with_condition(Dataset("mine", few, validation, test, None), "label", None)


@pytest.mark.parametrize(
    ("condition", "drop", "words"),
    [
        ("labels", None, "must be label or columns:0,3"),
        ("label", None, "needs a label of every example, got none in train, validation, test of mine"),
        ("columns:7", None, "takes numbers of columns of a table, from 0, got '7' for examples of shape (3,)"),
        ("columns:a", None, "got 'a'"),
        ("columns:0,1,2", None, "must leave columns to model, got all 3 of mine"),
        (None, 0.1, "`drop_condition` needs a condition, got none"),
    ],
)
def test_a_wrong_condition_of_data_is_one_line(condition: str | None, drop: float | None, words: str) -> None:
    with user_error(words):
        with_condition(dataset(table()), condition, drop)


def test_arrays_without_nan_stay_the_same_objects() -> None:
    arrays = {"train": table(), "test": np.arange(6).reshape(2, 3)}
    filled, observed = without_nan(arrays)
    assert observed == {}
    assert all(filled[name] is arrays[name] for name in arrays)
