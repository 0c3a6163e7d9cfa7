"""The sweep script: every combination, figures equal to those of single runs, one line for every mistake."""

import csv
import json
import math
import statistics
from pathlib import Path

import numpy as np
import pytest

from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import parse
from jaxvae.cli.sweep_plan import plan, split_axes
from jaxvae.runs.sweep_flags import SweepFlags
from tests.experiments.conftest import FAST, TRAIN, Script

SWEEP = "experiments/sweep.py"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_every_combination_is_scored_as_a_run_of_its_own(script: Script, tmp_path: Path) -> None:
    """Two rates, two β, two seeds: 8 members; one of them again by train.py."""
    swept = script(SWEEP, *FAST, "--objective.beta", "1", "3", "--learning_rate", "1e-3", "5e-3", "--seeds", "2")
    assert swept.code == 0, swept.err
    rows = rows_of(tmp_path / "runs" / "sweep-1" / "sweep.csv")
    assert [(row["objective.beta"], row["learning_rate"], row["seed"]) for row in rows] == [
        (beta, rate, seed) for beta in "13" for rate in ("1e-3", "5e-3") for seed in "01"
    ]
    alone = script(TRAIN, *FAST, "--objective.beta", "3", "--learning_rate", "5e-3", "--seed", "1")
    assert alone.code == 0, alone.err
    document = json.loads((tmp_path / "runs" / "digits-1" / "evaluation.json").read_text())
    for name in ("elbo", "log_marginal", "rate", "distortion"):
        assert float(rows[7][name]) == pytest.approx(document[name]["value"], rel=1e-5)
        assert float(rows[7][f"{name}_error"]) == pytest.approx(document[name]["standard_error"], rel=1e-4)

    lines = rows_of(tmp_path / "runs" / "sweep-1" / "summary.csv")
    assert [line["members"] for line in lines] == ["2"] * 4
    rates = [float(row["rate"]) for row in rows[6:]]
    assert float(lines[3]["rate"]) == pytest.approx(statistics.mean(rates))
    assert float(lines[3]["rate_error"]) == pytest.approx(statistics.stdev(rates) / math.sqrt(2))
    assert (tmp_path / "runs" / "sweep-1" / "rate_distortion.png").is_file()
    context = json.loads((tmp_path / "runs" / "sweep-1" / "sweep.json").read_text())
    assert context["command"].startswith("python experiments/sweep.py --epochs 2")
    assert context["test_set_sha256"] == document["test_set_sha256"]


@pytest.mark.slow
def test_folds_are_scored_apart(script: Script, tmp_path: Path) -> None:
    outcome = script(SWEEP, *FAST, "--folds", "3", "--run_dir", "out")
    assert outcome.code == 0, outcome.err
    rows = rows_of(tmp_path / "out" / "sweep.csv")
    assert [row["fold"] for row in rows] == ["0", "1", "2"]
    assert len({row["elbo"] for row in rows}) == 3
    assert all(float(row["validation_weighted_elbo"]) < 0 for row in rows)
    (tmp_path / "out" / "mine.txt").write_text("mine")
    foreign = script(SWEEP, *FAST, "--run_dir", "out", "--overwrite")
    assert foreign.code == 2
    assert "must be new, empty or a sweep's folder" in foreign.err
    (tmp_path / "out" / "mine.txt").unlink()
    again = script(SWEEP, *FAST, "--run_dir", "out")
    assert again.code == 2
    assert "holds a sweep already: add --overwrite" in again.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--objective.gamma", "1", "2"], "--objective ELBO has no option 'gamma'"),
        (["--seed", "1", "2"], "for several seeds give --seeds 8"),
        (["--epochs", "5", "5"], "must have different values"),
        (["--folds", "2"], "--folds must lie between 3"),
        (["--folds", "3", "4"], "--folds takes one value in a sweep"),
        (["--seeds", "0"], "--seeds must be >= 1, got 0"),
        (["--seeds", "100000000"], "--seeds must be at most 100,000, got 100,000,000: split the sweep by --seed"),
        (["--latent_dim", "2", "-1"], "latent_dim must be >= 1, got -1"),
        (["--objective.beta", "1", "two"], "beta"),
        (["--binarize", "dynamic", "threshold"], "--binarize decides the data"),
        (["--run_dir", "."], "must be new, empty or a sweep's folder"),
        (["--resume"], "--resume is for train.py"),
        (["--overwrite"], "--overwrite needs the sweep's folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line(script: Script, tmp_path: Path, words: list[str], message: str) -> None:
    (tmp_path / "note.txt").write_text("mine")
    outcome = script(SWEEP, *words)
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["note.txt"]


def test_one_value_is_no_axis() -> None:
    axes, others = split_axes(["--objective.beta", "4", "--epochs", "3", "--objective.alpha", "-1e3", "2"])
    assert axes == {"objective.alpha": ["-1e3", "2"]}
    assert parse(experiment_parser("", SweepFlags), others).objective.init_args.beta == 4.0


@pytest.mark.slow
def test_a_run_can_be_where_a_sweep_starts(script: Script, tmp_path: Path) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "run").code == 0
    outcome = script(SWEEP, "--config", "run/config.yaml", "--learning_rate", "1e-3", "2e-3", "--num_samples", "3")
    assert outcome.code == 0, outcome.err
    first, _ = rows_of(tmp_path / "runs" / "sweep-1" / "sweep.csv")
    document = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert float(first["elbo"]) == pytest.approx(document["elbo"]["value"], rel=1e-5)


def test_members_read_the_data_as_their_flags_say(tmp_path: Path) -> None:
    """How an array is read decides the examples: channels in front, and the level that is white."""
    np.save(tmp_path / "a.npy", np.random.default_rng(0).integers(0, 17, (30, 5, 3, 4)).astype(np.uint8))
    flags = ["--data", str(tmp_path / "a.npy"), "--channels", "first", "--maximum", "200"]
    _, jobs = plan(experiment_parser("", SweepFlags), [*flags, "--learning_rate", "1e-3", "1e-4"])
    assert [(job.setup.dataset.data_shape, job.setup.dataset.maximum) for job in jobs] == [((3, 4, 5), 200)] * 2
