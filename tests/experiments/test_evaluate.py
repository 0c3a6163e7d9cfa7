"""experiments/evaluate.py: groups of metrics, each for itself, in one document."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.experiments.conftest import EVALUATE, FAST, TRAIN, Script

QUICK = ["--gap_examples", "3", "--annealed_examples", "2", "--num_temperatures", "4", "--num_chains", "3"]
QUICK += ["--num_generated", "70", "--autoencoder_epochs", "1"]


def document() -> dict[str, Any]:
    """What stands in `evaluation.json`."""
    return json.loads(Path("run/evaluation.json").read_text())


def test_all_groups_of_a_run(script: Script) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "run").code == 0
    before = document()
    outcome = script(EVALUATE, "run", "--metrics", "gaps", "annealed", "samples", "representation", *QUICK)
    assert outcome.code == 0, outcome.err
    after = document()
    assert {name: after[name] for name in before} == before  # of the same parameters, data, code and machine
    gaps = after["gaps"]
    assert gaps["num_examples"] == 3
    parts = gaps["approximation_gap"]["value"] + gaps["amortization_gap"]["value"]
    assert parts == pytest.approx(gaps["log_marginal"]["value"] - gaps["elbo"]["value"], abs=1e-4)
    assert after["annealed"]["simulated"]["num_examples"] == 2
    assert after["samples"]["frechet_distance"]["name"] == "classifier Fréchet distance"
    assert after["samples"]["precision"]["num_samples"] == 70
    assert after["representation"].pop("autoencoder_epochs") == 1
    assert set(after["representation"]) == {"model", "autoencoder", "principal_components", "pixels"}
    assert all(kind["linear_probe"]["value"] > 0.1 for kind in after["representation"].values())
    assert "--data shapes" in after["disentanglement"]["mutual_information_gap"]["reason"]
    for heading in ("likelihood [nats]", "gaps [nats]", "annealing [nats]", "samples", "representation"):
        assert heading in outcome.out
    assert outcome.out.count("are not known") == 1  # the factors, once for all scores


def test_a_group_that_fails_says_why_and_leaves_the_others(script: Script) -> None:
    sphere = ["--posterior", "VonMisesFisher", "--prior", "HypersphericalUniform"]
    assert script(TRAIN, *FAST, *sphere, "--run_dir", "run").code == 0
    metrics = ["--metrics", "annealed", "latents", "samples"]
    outcome = script(EVALUATE, "run", *metrics, *QUICK, "--inception", "missing.pth")
    assert outcome.code == 0, outcome.err
    (line,) = (line for line in outcome.out.splitlines() if line.startswith("warning: annealed"))
    assert "expected real vectors, got unit sphere" in line
    after = document()
    assert after["annealed"]["value"] is None
    assert after["diagnostics"]["mutual_information"]["value"] is not None
    assert "missing.pth" in after["samples"]["frechet_distance"]["reason"]
    assert after["samples"]["nearest_neighbour_distance"]["value"] is not None


def test_markdown_and_an_error_that_is_wanted(script: Script) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "run").code == 0
    wanted = ["--num_repeats", "2", "--target_error", "1e-4", "--metrics", "likelihood", "--markdown"]
    outcome = script(EVALUATE, "run", *wanted)
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("**digits, 180 test examples**")
    assert "| rate (KL) |" in outcome.out
    marginal = document()["log_marginal"]
    assert marginal["num_repeats"] == 2
    error = max(marginal["draw_error"]["value"], marginal["repeat_error"]["value"])
    needed = int(outcome.err.split("give --num_samples ")[1].split()[0])
    assert needed == pytest.approx(6 * (error / 1e-4) ** 2, rel=0.01)


def test_bad_flags(script: Script) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "run", "--epochs", "1").code == 0
    before = document()
    for flags, message in {
        ("--metrics", "gap"): "--metrics must be of likelihood, latents, gaps, .*; got 'gap' .did you mean gaps",
        ("--num_repeats", "0"): "--num_repeats must be >= 1, got 0",
        ("--target_error", "-1"): "--target_error must be > 0, got -1.0",
        ("--metrics", "annealed", "--num_temperatures", "0"): "--num_temperatures must be >= 1, got 0",
    }.items():
        outcome = script(EVALUATE, "run", *flags)
        assert outcome.code == 2
        assert re.search(message, outcome.err), outcome.err
        assert len(outcome.err.strip().splitlines()) == 1
    assert document() == before
