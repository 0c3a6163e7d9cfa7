"""A run that nobody told how long it is: epochs, patience and draws by sizes, in `config.yaml`, said while it works."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from jaxvae.evaluation.evaluate import examples_at_once
from tests.experiments.conftest import EVALUATE, TRAIN, Script

SMALL = ["--encoder.features", "[9]", "--decoder.features", "[8]", "--latent_dim", "3", "--batch_size", "500"]
STANDING = ["--learning_rate", "1e-30"]  # whose first epoch is the best


def config(run: str) -> dict[str, Any]:
    return yaml.safe_load(Path(run, "config.yaml").read_text())


def untimed(run: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in Path(run, "metrics.jsonl").read_text().splitlines()]
    return [{name: line[name] for name in ("epoch", "step", "train", "validation")} for line in lines]


@pytest.mark.slow
def test_a_run_without_a_length_is_repeated_by_its_configuration(script: Script) -> None:
    """3,000 pictures of noise, whose 138 epochs end early."""
    generator = np.random.default_rng(0)
    train, validation, test = (generator.integers(0, 2, (count, 4, 4), np.uint8) for count in (3000, 40, 30))
    np.savez("x.npz", train=train, validation=validation, test=test)
    flags = ["--data", str(Path("x.npz").resolve()), *SMALL, "--learning_rate", "0.03"]
    outcome = script(TRAIN, *flags, "--objective", "BetaTCVAE", "--run_dir", "first")
    assert outcome.code == 0, outcome.err
    found = config("first")
    assert (found["epochs"], found["patience"], found["objective"]["init_args"]["dataset_size"]) == (138, 28, 3000)
    assert isinstance(found["num_samples"], int)
    assert script(TRAIN, "--config", "first/config.yaml", "--run_dir", "again").code == 0
    assert untimed("first") == untimed("again")
    assert config("again") == found
    evaluations = [json.loads(Path(run, "evaluation.json").read_text()) for run in ("first", "again")]
    assert evaluations[0] == evaluations[1]
    assert evaluations[0]["log_marginal"]["num_samples"] == found["num_samples"]
    # the epoch that is evaluated is the one that validated best
    scores = [line["validation"]["elbo"] for line in untimed("first")]
    assert evaluations[0]["epoch"] == 1 + int(np.argmax(scores))
    assert len(scores) == evaluations[0]["epoch"] + 28 < 138


@pytest.mark.slow
def test_a_run_that_gains_nothing_says_where_it_ended_and_how_to_go_on(script: Script) -> None:
    flags = ["--epochs", "14", "--num_samples", "6", *SMALL, *STANDING, "--run_dir", "run"]
    outcome = script(TRAIN, *flags)
    assert outcome.code == 0, outcome.err
    stop = "stopped after epoch 11 of 14: no better validation score for 10 epochs; best epoch 1\n"
    assert stop in outcome.out
    assert json.loads(Path("run/evaluation.json").read_text())["epoch"] == 1
    epochs = [line for line in outcome.out.splitlines() if line.startswith("epoch ")]
    assert len(epochs) == 11
    assert all(line.endswith(" left") for line in epochs)
    said = outcome.out.split("log p(x) by 6 draws is a lower bound that more draws raise; by 5,000:")[1]
    assert said.split("\n")[1].strip() == "python experiments/evaluate.py run --num_samples 5000"

    again = script(TRAIN, "--run_dir", "run", "--resume")
    assert again.code == 0, again.err
    assert stop.strip() + "; add --patience never to go on" in again.out
    on = script(TRAIN, "--run_dir", "run", "--resume", "--patience", "never")
    assert on.code == 0, on.err
    assert "stopped after" not in on.out
    assert [line["epoch"] for line in untimed("run")] == list(range(1, 15))
    assert config("run")["patience"] == "never"


@pytest.mark.slow
def test_5000_draws_need_no_remark(script: Script) -> None:
    outcome = script(TRAIN, "--epochs", "1", "--num_samples", "5000", *SMALL, "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    assert "more draws raise" not in outcome.out
    lines = [line for line in outcome.out.splitlines() if line.startswith("log p(x)  ")]
    batches = -(-180 // examples_at_once(5000))
    assert min(batches, 5) <= len(lines) <= 10
    assert all("/180 examples  " in line and line.endswith(" left") for line in lines)
    fewer = script(EVALUATE, "run", "--num_samples", "20")
    assert "log p(x) by 20 draws is a lower bound" in fewer.out
