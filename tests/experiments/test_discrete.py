"""Discrete latents, temperatures by step and a learned rejection from the shell to the files."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.experiments.conftest import FAST, TRAIN, Script
from tests.experiments.test_train import untimed


def test_a_temperature_by_step_trains_and_resumes_exactly(script: Script) -> None:
    """The schedule ends in the fourth of eight steps, within the part that is resumed."""
    flags = ("--posterior", "Concrete", "--prior", "UniformConcrete", "--latent_dim", "8", "--batch_size", "700")
    flags += ("--posterior.temperature", "Geometric", "--posterior.temperature.start", "2")
    flags += ("--posterior.temperature.steps", "5")
    for name, epochs in (("whole", "4"), ("parts", "2")):
        outcome = script(TRAIN, *FAST, *flags, "--run_dir", name, "--epochs", epochs)
        assert outcome.code == 0, outcome.err
    assert script(TRAIN, "--run_dir", "parts", "--resume", "--epochs", "4").code == 0
    assert untimed(Path("whole")) == untimed(Path("parts"))
    posterior = yaml.safe_load(Path("whole/config.yaml").read_text())["posterior"]["init_args"]
    assert posterior["temperature"]["init_args"] == {"start": 2.0, "end": 0.5, "steps": 5}
    assert np.asarray(Image.open("whole/reconstructions.png").convert("L")).std() > 20  # of a posterior without mean


def test_an_enumerated_elbo_trains_and_is_below_log_p(script: Script) -> None:
    flags = ("--posterior", "Bernoulli", "--prior", "UniformBernoulli", "--objective.expectation", "enumerated")
    outcome = script(TRAIN, *FAST, *flags, "--run_dir", "run", "--num_samples", "300")
    assert outcome.code == 0, outcome.err
    evaluation = json.loads(Path("run/evaluation.json").read_text())
    assert evaluation["log_marginal"]["value"] > evaluation["elbo"]["value"]
    assert "prior" not in evaluation


def test_a_learned_rejection_reports_z_with_its_error(script: Script) -> None:
    flags = ("--prior", "LARS", "--prior.network.features", "[7]", "--prior.evaluation_samples", "5000")
    outcome = script(TRAIN, *FAST, *flags, "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    prior = json.loads(Path("run/evaluation.json").read_text())["prior"]
    z, log_z = prior["acceptance"], prior["log_normaliser"]
    assert (z["unit"], log_z["unit"]) == ("probability", "nats")
    assert 0 < z["value"] < 1
    assert log_z["value"] == pytest.approx(np.log(z["value"]), rel=1e-4)
    assert 0 < log_z["standard_error"] < 0.1
    assert z["standard_error"] == pytest.approx(z["value"] * log_z["standard_error"], rel=1e-4)
    assert "training_key" not in Path("run/config.yaml").read_text()
