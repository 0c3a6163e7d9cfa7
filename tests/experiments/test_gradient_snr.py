"""scripts/gradient_snr.py from the flags to the table and the file."""

import json
from pathlib import Path

import pytest

from tests.experiments.conftest import Script

SNR = "scripts/gradient_snr.py"
FEW = ["--num_samples", "1", "3", "--repeats", "4", "--examples", "5"]


@pytest.mark.slow
def test_a_table_and_a_file(script: Script) -> None:
    estimators = ("reparameterized", "doubly_reparameterized")
    outcome = script(SNR, *FEW, "--objectives", "IWAE", "CIWAE", "--estimators", *estimators, "--output", "snr.json")
    assert outcome.code == 0, outcome.err
    document = json.loads(Path("snr.json").read_text())
    rows = [(row["objective"], row["estimator"], row["num_samples"]) for row in document["results"]]
    assert rows == [(name, estimator, k) for name in ("IWAE", "CIWAE") for estimator in estimators for k in (1, 3)]
    assert (document["repeats"], document["examples"], document["model"]) == (4, 5, "linear_gaussian")
    for row in document["results"]:
        assert row["encoder"] > 0
        assert f"{row['encoder']:.3f}" in outcome.out
        assert f"{row['decoder']:.3f}" in outcome.out


@pytest.mark.slow
def test_of_one_draw_the_elbo_and_the_largest_weight_are_alike(script: Script) -> None:
    outcome = script(SNR, *FEW, "--objectives", "ELBO", "VRMax")
    assert outcome.code == 0, outcome.err
    rows = json.loads(Path("gradient_snr.json").read_text())["results"]
    theirs = ("reparameterized", "sticking_the_landing", "score_function")
    assert [(row["objective"], row["estimator"], row["num_samples"]) for row in rows] == [
        (objective, estimator, k) for objective in ("ELBO", "VRMax") for estimator in theirs for k in (1, 3)
    ]
    for elbo, vr_max in zip(rows[:6:2], rows[6::2], strict=True):
        assert elbo["encoder"] == pytest.approx(vr_max["encoder"], rel=1e-3)


@pytest.mark.slow
def test_digits(script: Script) -> None:
    outcome = script(SNR, *FEW, "--model", "digits", "--estimators", "score_function")
    assert outcome.code == 0, outcome.err
    assert len(json.loads(Path("gradient_snr.json").read_text())["results"]) == 2


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--num_samples", "5", "0"], ["--num_samples must be >= 1, got 0"]),
        (["--num_samples", "5", "x"], ["--num_samples must be a whole number; got 'x'"]),
        (["--num_samples"], ["--num_samples"]),
        (["--repeats", "1"], ["--repeats must be >= 2, got 1"]),
        (["--examples", "0"], ["--examples must be >= 1, got 0"]),
        (["--seed", "-1"], ["--seed must be >= 0, got -1"]),
        (["--model", "digit"], ["linear_gaussian", "did you mean digits?"]),
        (["--objectives", "IWAE", "BetaTCVAE"], ["--objectives must be of", "ELBO", "IWAE", "'BetaTCVAE'"]),
        (["--objectives", "ELBO", "--estimators", "doubly_reparameterized"], ["sticking_the_landing, score_function"]),
        (["--estimators", "dreg"], ["--estimators", "doubly_reparameterized", "'dreg'"]),
        (["--objectives", "ReweightedWakeSleep", "--estimators", "sticking_the_landing"], ["score_function"]),
        (["--output", "nowhere/snr.json"], ["--output", "nowhere/snr.json"]),
        (["--repeat", "3"], ["unknown flag --repeat", "--repeats"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_bad_input(script: Script, flags: list[str], words: list[str]) -> None:
    outcome = script(SNR, *flags)
    assert outcome.code == 2, outcome
    assert outcome.err.startswith("error: ")
    assert outcome.err.count("\n") == 1, outcome.err
    for word in words:
        assert word in outcome.err
    assert not list(Path().iterdir())
