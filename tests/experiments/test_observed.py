"""Runs over examples with hidden entries and conditions, from flags to figures and pictures."""

import json
from pathlib import Path

import numpy as np
import pytest

from jaxvae.data import load
from tests.experiments.conftest import EVALUATE, FAST, TRAIN, Script
from tests.experiments.test_bad_input import refused

CLASSES = ["--posterior", "ClassAndNormal", "--prior", "ClassAndNormal", "--latent_dim", "20"]


def table(path: Path, *, with_nan: bool) -> str:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, 2))
    x = z @ np.array([[1.0, -0.5, 0.8, 0.2], [0.3, 1.0, 0.1, -0.9]]) + 0.2 * rng.normal(size=(400, 4))
    if with_nan:
        x[rng.random(x.shape) < 0.3] = np.nan
    np.savez(path, x=x.astype(np.float32), y=(z[:, 0] > 0).astype(int))
    return str(path)


@pytest.mark.slow
def test_hidden_entries_are_found_better_than_by_their_mean(script: Script, tmp_path: Path) -> None:
    """The error of imputations is measured by default where the truth is known; the table shows it."""
    data = table(tmp_path / "a.npz", with_nan=False)
    flags = ["--objective", "IWAE", "--show_mask", "true", "--fill", "mean", "--latent_dim", "2", "--epochs", "60"]
    done = script(TRAIN, "--data", data, "--hide", "0.3", *flags, "--num_samples", "200", "--run_dir", "a")
    assert done.code == 0, done.err
    found = json.loads((tmp_path / "a" / "evaluation.json").read_text())["imputation"]
    assert found["num_hidden"] > 20
    assert found["mean_squared_error"]["value"] < 0.8  # of a variance of 1
    assert 0.6 < found["coverage"]["value"] <= 1.0
    assert "coverage of 90 % intervals" in done.out
    again = script(EVALUATE, "a", "--metrics", "imputation", "--num_samples", "200")
    assert again.code == 0, again.err
    same = json.loads((tmp_path / "a" / "evaluation.json").read_text())["imputation"]
    assert same["mean_squared_error"]["value"] == found["mean_squared_error"]["value"]


@pytest.mark.slow
def test_nan_in_a_file_trains_and_is_evaluated(script: Script, tmp_path: Path) -> None:
    """Nothing is known of what a file lacks: imputations have no figure, and say why."""
    data = table(tmp_path / "a.npz", with_nan=True)
    done = script(TRAIN, "--data", data, "--missing", "nan", *FAST, "--run_dir", "a")
    assert done.code == 0, done.err
    found = json.loads((tmp_path / "a" / "evaluation.json").read_text())
    assert np.isfinite(found["log_marginal"]["value"])
    assert "imputation" not in found
    again = script(EVALUATE, "a", "--metrics", "imputation")
    refused(again, "error: imputations need hidden entries whose true values are known")


@pytest.mark.slow
def test_a_conditional_run_knows_classes_and_draws_them_in_turn(script: Script, tmp_path: Path) -> None:
    flags = ["--condition", "label", "--prior", "Conditional", "--drop_condition", "0.1", "--epochs", "30"]
    done = script(TRAIN, "--data", "digits", *flags, "--num_samples", "20", "--run_dir", "a")
    assert done.code == 0, done.err
    assert (tmp_path / "a" / "samples.png").stat().st_size > 1000
    again = script(EVALUATE, "a", "--metrics", "classification", "--num_samples", "100")
    assert again.code == 0, again.err
    found = json.loads((tmp_path / "a" / "evaluation.json").read_text())["classification"]
    assert found["accuracy"]["value"] > 0.7

    digits = load("digits")  # other data, whose labels are fewer
    few = {name: part.take(np.flatnonzero(part.labels < 3)) for name, part in digits.splits.items()}  # type: ignore[operator]
    arrays = {name: part.values for name, part in few.items()}
    arrays |= {f"{name}_labels": part.labels for name, part in few.items() if part.labels is not None}
    np.savez("few.npz", **arrays)  # type: ignore[arg-type]
    other = script(EVALUATE, "a", "--data", "few.npz", "--num_samples", "20")
    assert other.code == 0, other.err


@pytest.mark.slow
def test_columns_as_a_condition_and_masks_in_a_sweep(script: Script, tmp_path: Path) -> None:
    data = table(tmp_path / "a.npz", with_nan=False)
    flags = ["--data", data, "--hide", "0.2", "--condition", "label", *FAST, "--run_dir", "s"]
    done = script("experiments/sweep.py", *flags, "--objective.beta", "1", "2")
    assert done.code == 0, done.err
    assert len((tmp_path / "s" / "sweep.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--hide", "1.5"], ["--hide must be > 0 and < 1"]),
        (["--condition", "colour"], ["--condition must be label or columns:0,3"]),
        (["--data", "shapes", "--condition", "columns:0"], ["takes numbers of columns of a table"]),
        (["--drop_condition", "0.5"], ["--drop_condition needs a condition", "--condition label"]),
        (["--condition", "label", "--drop_condition", "2"], ["(--drop_condition of a run) must be > 0 and < 1"]),
        (["--prior", "Conditional"], ["take --condition label in a run, and condition=Condition("]),
        (["--fill", "median"], ["--fill"]),
        (["--hide", "0.5", "--likelihood", "AutoregressiveBernoulli"], ["only if all hidden entries come last"]),
        (["--missing", "nan"], ["--missing is for files of your own"]),
        (["--hide", "0.3", "--missingness", "SelfMasking"], ["a likelihood whose draws pass a gradient"]),
        (["--missingness", "SelfMasking", "--likelihood", "Normal"],
         ["--missingness learns from hidden entries, got none in the training examples of digits", "--hide 0.5"]),
        (["--hide", "0.999"], ["--hide hides 9 of 64 entries in every training example", "hide a smaller share"]),
        (["--labels_seed", "3"], ["--labels_seed needs known labels, got none: give --labels 100"]),
        (["--labelled_share", "0.3"], ["--labelled_share needs known labels, got none: give --labels 100"]),
        (["--labels", "9", "--labels_seed", "-1"], ["--labels_seed must lie between 0 and 2**32 - 1, got -1"]),
        (["--labels", "10", *CLASSES, "--posterior.num_classes", "5", "--prior.num_classes", "5"],
         ["of the 5 classes of z, 0 to 4, got 9", "take --posterior.num_classes 10 and --prior.num_classes 10"]),
        (["--objective", "SemiSupervised", *CLASSES],
         ["SemiSupervised needs labels", "no label at all is known: give --labels 100"]),
        (["--objective", "Lagging", "--objective.objective", "SemiSupervised", *CLASSES], ["no label at all is known"]),
        (["--prior", "NormalMixture", "--prior.start", "codes"],
         ["NormalMixture starts at codes of a trained encoder", "give the folder of a run as --init_from"]),
        (["--condition", "label", "--prior", "Conditional", "--prior.prior", "NormalMixture", "--prior.prior.start",
          "codes"], ["Conditional starts at codes of a trained encoder"]),
        (["--prior", "Flow", "--prior.base", "NormalMixture", "--prior.base.start", "codes"],
         ["--prior.base must not start at codes", "leave out --prior.base.start"]),
    ],
)  # fmt: skip
def test_a_wrong_flag_is_one_line_before_anything_compiles(script: Script, flags: list[str], words: list[str]) -> None:
    refused(script(TRAIN, *flags), *words)
