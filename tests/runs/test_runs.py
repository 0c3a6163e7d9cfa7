"""A run from Python: described, trained into a folder, resumed, evaluated and swept, without a command line."""

import dataclasses
import json
import math
import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.runs import (
    DataFlags,
    EvaluationFlags,
    Job,
    RunFlags,
    Setup,
    SweepFlags,
    evaluate_run,
    load_trained,
    prepare_data,
    run_sweep,
    set_up,
    train_run,
)
from jaxvae.training import Training
from tests.experiments.conftest import EVALUATE, FAST, TRAIN, Script

SMALL = {"encoder": jv.networks.MLP((9,)), "decoder": jv.networks.MLP((8,)), "latent_dim": 3}


def described(epochs: int = 2, beta: float = 1.0) -> Setup:
    """What `FAST` describes on the command line."""
    data = prepare_data(DataFlags("digits"))
    model = jv.VAE(data.dataset.data_shape, likelihood=data.likelihood, **SMALL)
    training = Training(
        model, data.preprocessing, objective=jv.objectives.ELBO(beta=beta), batch_size=500, epochs=epochs
    )
    return set_up(data, training)


def figures(document: dict[str, Any]) -> dict[str, float]:
    return {name: document[name]["value"] for name in ("elbo", "log_marginal", "rate", "distortion", "baseline")}


class Written:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def line(self, text: str) -> None:
        """Keep it."""
        self.told.append(text)

    def warning(self, text: str) -> None:
        """Keep it."""
        self.told.append(f"warning: {text}")

    def interrupted(self, run_dir: Path) -> None:
        """Keep it."""
        self.told.append(f"interrupted: {run_dir.name}")

    def epochs(self, monitor: str, total: int, done: int) -> AbstractContextManager["Written"]:
        """A bar that is kept line by line."""
        self.told.append(f"{monitor} of epochs {done} to {total}")
        return nullcontext(self)

    def examples(self, what: str, total: int) -> AbstractContextManager["Written"]:
        """A bar that is kept line by line."""
        self.told.append(f"{what} of {total}")
        return nullcontext(self)

    def programs(self, total: int) -> AbstractContextManager["Written"]:
        """A bar that is kept line by line."""
        self.told.append(f"{total} programs")
        return nullcontext(self)

    def start(self, members: int, epochs: int) -> None:
        """Keep it."""
        self.told.append(f"{members} members, {epochs} epochs")

    def update(self, epoch: Any, steps_per_second: float = 0.0) -> None:
        """Keep that there was one."""
        self.told.append("epoch")

    def advance(self, count: int) -> None:
        """Keep it."""
        self.told.append(f"{count} examples")


@pytest.mark.slow
def test_a_run_from_python_is_that_of_the_command_line(
    script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train_run(described(), RunFlags(run_dir=str(tmp_path / "python"), num_samples=6))
    document = evaluate_run(run)
    assert capsys.readouterr() == ("", "")
    assert document == json.loads((tmp_path / "python" / "evaluation.json").read_text())
    assert script(TRAIN, *FAST, "--run_dir", "shell").code == 0
    assert figures(document) == figures(json.loads(Path("shell/evaluation.json").read_text()))
    assert json.loads(Path("python/data.json").read_text()) == json.loads(Path("shell/data.json").read_text())


def test_a_run_resumes_where_it_ended_and_is_read_back(tmp_path: Path) -> None:
    """Two epochs and two more are four: the same parameters."""
    folders = [str(tmp_path / name) for name in ("at_once", "in_two")]
    at_once = train_run(described(4), RunFlags(run_dir=folders[0], num_samples=0))
    train_run(described(2), RunFlags(run_dir=folders[1], num_samples=0))
    with pytest.raises(jv.UserError, match="holds a run already"):
        train_run(described(4), RunFlags(run_dir=folders[1]))
    reporter = Written()
    in_two = train_run(described(4), RunFlags(run_dir=folders[1], num_samples=0, resume=True), reporter=reporter)
    assert "weighted_elbo of epochs 2 to 4" in reporter.told
    assert reporter.told.count("epoch") == 2
    read = load_trained(tmp_path / "in_two", described(4), RunFlags(num_samples=0))
    for again in (in_two, read):
        jax.tree.map(np.testing.assert_array_equal, again.state.params, at_once.state.params)


def test_a_reporter_is_told_of_the_data_and_of_examples(tmp_path: Path) -> None:
    reporter = Written()
    run = train_run(described(), RunFlags(run_dir=str(tmp_path), num_samples=6), reporter=reporter)
    assert reporter.told[0].startswith("data: likelihood Bernoulli, since pixels are drawn as 0 or 1")
    reporter.told.clear()
    evaluate_run(run, EvaluationFlags(num_samples=6, metrics=("likelihood",)), reporter=reporter)
    assert reporter.told[0] == "log p(x) of 180"
    assert sum(int(line.split()[0]) for line in reporter.told if line.endswith(" examples")) == 180


@pytest.mark.slow
def test_a_run_from_python_is_known_as_one_and_its_configuration_has_no_flags(script: Script, tmp_path: Path) -> None:
    flags = RunFlags(run_dir=str(tmp_path / "run"), num_samples=0)
    train_run(described(), flags)
    lines = (tmp_path / "run" / "config.yaml").read_text().splitlines()
    assert all(line.startswith("# ") for line in lines)
    assert any(line.startswith("# training: Training(model=VAE(") for line in lines)
    assert train_run(described(), dataclasses.replace(flags, overwrite=True)).run_dir == tmp_path / "run"
    for words in ((EVALUATE, "run"), (TRAIN, "--run_dir", "run", "--resume"), (TRAIN, "--config", "run/config.yaml")):
        outcome = script(*words)
        assert outcome.code == 2
        assert outcome.err.endswith(
            "a run that was described in Python: load or resume it from Python, with jaxvae.runs\n"
        )
        assert outcome.err.count("\n") == 1
    started = script(TRAIN, *FAST, "--run_dir", "second", "--init_from", "run", "--epochs", "1")
    assert re.search(r"^started from run: (\d+) of \1 arrays$", started.out, flags=re.MULTILINE), started.out
    (tmp_path / "run" / "mine.txt").touch()
    with pytest.raises(jv.UserError, match="holds something else"):
        train_run(described(), dataclasses.replace(flags, overwrite=True))


@pytest.mark.slow
def test_a_sweep_from_python_scores_members_as_runs(tmp_path: Path) -> None:
    data = described().dataset
    setups = {str(beta): described(beta=beta)._replace(dataset=data) for beta in (1.0, 3.0)}
    jobs = [Job({"beta": label}, None, seed, setup) for label, setup in setups.items() for seed in (0, 1)]
    reporter = Written()
    flags = SweepFlags(seeds=2, num_samples=6, run_dir=str(tmp_path / "sweep"))
    sweep = run_sweep(jobs, flags, reporter=reporter)
    assert "4 members, 2 epochs" in reporter.told  # one program
    assert [(line["beta"], line["members"]) for line in sweep.lines] == [("1.0", 2), ("3.0", 2)]
    assert {path.name for path in (tmp_path / "sweep").iterdir()} == set(sweep.files)
    alone = [
        evaluate_run(train_run(setups["3.0"], RunFlags(seed, 6, run_dir=str(tmp_path / f"{seed}"))))["elbo"]["value"]
        for seed in (0, 1)
    ]
    assert math.isclose(float(sweep.lines[1]["elbo"] or 0.0), sum(alone) / 2, rel_tol=1e-5)


def test_an_unknown_group_of_metrics_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    run = train_run(described(epochs=1), RunFlags(run_dir=str(tmp_path / "run"), num_samples=0))
    with pytest.raises(jv.UserError, match=r"got 'likelihod' .did you mean likelihood"):
        evaluate_run(run, EvaluationFlags(num_samples=0, metrics=("latents", "likelihod")))
    assert not (run.run_dir / "evaluation.json").exists()
    again = load_trained(str(run.run_dir), described(epochs=1), RunFlags(num_samples=0))
    assert again.run_dir == run.run_dir
    reporter = Written()
    flags = EvaluationFlags(num_samples=0, metrics=("imputation", "classification", "latents"))
    with pytest.raises(jv.UserError, match=r"^imputations need hidden entries .*; classification needs a model"):
        evaluate_run(run, flags, reporter=reporter)  # what is asked for by name must apply
    found = json.loads((run.run_dir / "evaluation.json").read_text())
    assert "imputations need" in found["imputation"]["reason"]
    assert found["diagnostics"]["active_units"] is not None  # the others are measured
    assert not any("imputation" in line for line in reporter.told)
    with pytest.raises(jv.UserError, match="holds a run already: add `resume=True` to go on, `overwrite=True`"):
        train_run(described(epochs=1), RunFlags(run_dir=str(run.run_dir)))
