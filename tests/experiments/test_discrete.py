"""Discrete latents, codebooks, temperatures by step and a learned rejection from the shell to the files."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.experiments.conftest import FAST, TRAIN, Script
from tests.experiments.test_train import untimed


@pytest.mark.slow
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


@pytest.mark.slow
def test_an_enumerated_elbo_trains_and_is_below_log_p(script: Script) -> None:
    flags = ("--posterior", "Bernoulli", "--prior", "UniformBernoulli", "--objective.expectation", "enumerated")
    outcome = script(TRAIN, *FAST, *flags, "--run_dir", "run", "--num_samples", "300")
    assert outcome.code == 0, outcome.err
    evaluation = json.loads(Path("run/evaluation.json").read_text())
    assert evaluation["log_marginal"]["value"] > evaluation["elbo"]["value"]
    assert "prior" not in evaluation


@pytest.mark.slow
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


@pytest.mark.slow
def test_codes_in_two_stages_train_and_resume_exactly(script: Script) -> None:
    """Two stages of digits; a resumed run is the whole one; the rate is below that of equal codes."""
    flags = ["--objective", "VQVAE", "--posterior", "VectorQuantized", "--posterior.num_codes", "8"]
    flags += ["--latent_dim", "8", "--posterior.code_dim", "4"]
    flags += ["--prior", "AutoregressiveCodes", "--objective.first_stage_steps", "60", "--num_samples", "2"]
    flags += ["--encoder.features", "[9]", "--decoder.features", "[8]", "--batch_size", "100"]
    for name, epochs in (("whole", "8"), ("parts", "5")):
        outcome = script(TRAIN, *flags, "--run_dir", name, "--epochs", epochs)
        assert outcome.code == 0, outcome.err
    assert script(TRAIN, "--run_dir", "parts", "--resume", "--epochs", "8").code == 0
    whole, parts = (
        [json.loads(line) for line in Path(name, "metrics.jsonl").read_text().splitlines()]
        for name in ("whole", "parts")
    )
    assert [line["validation"] for line in whole] == [line["validation"] for line in parts]
    assert whole[-1]["train"]["perplexity"] > 1
    evaluation = json.loads(Path("whole/evaluation.json").read_text())
    rate = evaluation["rate"]
    assert np.isfinite(evaluation["elbo"]["value"])
    assert rate["value"] < 2 * np.log(8)
    assert rate["bits"] == pytest.approx(rate["value"] / np.log(2))
    bits = (rate["value"] + evaluation["distortion"]["value"]) / np.log(2)
    assert evaluation["elbo"]["bits_per_dimension"] == pytest.approx(bits / 64)
    assert yaml.safe_load(Path("whole/config.yaml").read_text())["objective"]["init_args"]["first_stage_steps"] == 60


@pytest.mark.slow
def test_equal_codes_train_and_cost_their_bits(script: Script) -> None:
    flags = ["--objective", "VQVAE", "--posterior", "VectorQuantized", "--prior", "UniformCodes", "--epochs", "2"]
    outcome = script(TRAIN, *flags, "--num_samples", "2", "--run_dir", "run", "--encoder.features", "[9]")
    assert outcome.code == 0, outcome.err
    last = json.loads(Path("run/metrics.jsonl").read_text().splitlines()[-1])
    assert last["train"]["perplexity"] > 1
    evaluation = json.loads(Path("run/evaluation.json").read_text())
    assert evaluation["rate"]["bits"] == pytest.approx(4 * 4)  # four codes of 16
    assert evaluation["log_marginal"]["value"] == pytest.approx(evaluation["elbo"]["value"], rel=1e-5)
    assert evaluation["log_marginal"]["num_samples"] == 1
    assert "the ELBO" in evaluation["log_marginal"]["estimator"]
    assert np.isfinite(evaluation["elbo"]["value"])
