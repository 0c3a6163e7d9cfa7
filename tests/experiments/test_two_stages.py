"""Two-stage commands: a mixture prior that starts at the clusters of codes, and a model of the codes of another."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.experiments.conftest import TRAIN, Script
from tests.experiments.test_bad_input import refused

SMALL = ["--encoder.features", "[64]", "--decoder.features", "[64]", "--latent_dim", "8", "--num_samples", "20"]
FOUR_CLASSES = ["--posterior", "ClassAndNormal", "--posterior.num_classes", "4"]
FOUR_CLASSES += ["--prior", "ClassAndNormal", "--prior.num_classes", "4"]


@pytest.mark.slow
def test_clusters_of_a_mixture_prior_that_starts_at_codes(script: Script, tmp_path: Path) -> None:
    """VaDE on digits: an autoencoder first, then the mixture of its codes; the clusters are far better than chance."""
    first = script(TRAIN, *SMALL, "--objective", "Autoencoder", "--epochs", "40", "--run_dir", "ae")
    assert first.code == 0, first.err
    mixture = ["--prior", "NormalMixture", "--prior.start", "codes"]
    done = script(TRAIN, *SMALL, *mixture, "--init_from", "ae", "--epochs", "20", "--run_dir", "vade")
    assert done.code == 0, done.err
    assert "ARI" in done.out  # measured and shown without being asked for
    found = json.loads((tmp_path / "vade" / "evaluation.json").read_text())["clusters"]
    assert found["accuracy"]["value"] > 0.5
    assert found["used"]["value"] >= 7


@pytest.mark.slow
def test_a_model_of_the_codes_of_a_run_is_told_a_few_labels(script: Script, tmp_path: Path) -> None:
    """M1 + M2 on digits: 60 labels; the classes of an outer model over the codes are far better than chance."""
    first = script(TRAIN, *SMALL, "--epochs", "40", "--run_dir", "m1")
    assert first.code == 0, first.err
    outer = ["--posterior", "ClassAndNormal", "--prior", "ClassAndNormal", "--latent_dim", "14", "--labels", "60"]
    outer += ["--objective", "SemiSupervised", "--labelled_share", "0.3", "--epochs", "40", "--num_samples", "20"]
    done = script(TRAIN, "--data", "jaxvae.cli.codes.codes_of_run(run='m1')", *outer, "--run_dir", "m2")
    assert done.code == 0, done.err
    found = json.loads((tmp_path / "m2" / "evaluation.json").read_text())
    assert found["classification"]["accuracy"]["value"] > 0.6
    assert np.isfinite(found["log_marginal"]["value"])


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--data", "jaxvae.cli.codes.codes_of_run(run='nowhere')"], ["the folder of a run is expected, got nowhere"]),
        (["--prior", "NormalMixture", "--prior.start", "here"], ["must be one of random, codes"]),
        (["--labels", "0"], ["no label at all is known"]),
        (["--labels", "50", *FOUR_CLASSES], ["classes of z, 0 to 3, got 9", "--prior.num_classes 10"]),
        (["--labels", "5"], ["no discrete latent whose class a label could be, got DiagonalNormal"]),
        (["--posterior", "ClassAndNormal", "--prior", "ClassAndNormal", "--latent_dim", "10"], ["above 10"]),
    ],
)
def test_what_is_wrong_is_one_line(script: Script, flags: list[str], words: list[str]) -> None:
    refused(script(TRAIN, *flags), *words)
