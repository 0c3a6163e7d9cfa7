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


@pytest.mark.slow
def test_all_groups_of_a_run(script: Script) -> None:
    assert script(TRAIN, *FAST, "--learning_rate", "0.05", "--run_dir", "run").code == 0
    before = document()
    outcome = script(EVALUATE, "run", "--metrics", "gaps", "annealed", "samples", "representation", *QUICK)
    assert outcome.code == 0, outcome.err
    after = document()
    assert {name: after[name] for name in before} == before  # of the same parameters, data, code and machine
    gaps = after["gaps"]
    assert (gaps["num_examples"], gaps["num_samples"]) == (3, 6)
    assert 1.0 <= gaps["effective_sample_size"]["value"] <= 6.0
    assert "the approximation gap has only" in outcome.err + outcome.out
    assert "gaps [nats], 3 examples, 6 samples" in re.sub(r"[│\s]+", " ", outcome.out)
    parts = gaps["approximation_gap"]["value"] + gaps["amortization_gap"]["value"]
    assert parts == pytest.approx(gaps["log_marginal"]["value"] - gaps["elbo"]["value"], abs=1e-4)
    assert after["annealed"]["simulated"]["num_examples"] == 2
    assert after["samples"]["frechet_distance"]["name"] == "classifier Fréchet distance"
    assert after["samples"]["precision"]["num_samples"] == 70
    assert after["representation"].pop("autoencoder_epochs") == 1
    assert set(after["representation"]) == {"model", "autoencoder", "principal_components", "pixels"}
    assert all(kind["linear_probe"]["value"] > 0.1 for kind in after["representation"].values())
    assert "`data='shapes'`" in after["disentanglement"]["mutual_information_gap"]["reason"]
    for heading in ("likelihood [nats]", "gaps [nats]", "annealing [nats]", "samples", "representation"):
        assert heading in outcome.out
    assert outcome.out.count("are not known") == 1  # the factors, once for all scores


@pytest.mark.slow
def test_a_group_that_fails_says_why_and_leaves_the_others(script: Script) -> None:
    sphere = ["--posterior", "VonMisesFisher", "--prior", "HypersphericalUniform"]
    assert script(TRAIN, *FAST, *sphere, "--run_dir", "run").code == 0
    metrics = ["--metrics", "annealed", "latents", "samples"]
    outcome = script(EVALUATE, "run", *metrics, *QUICK, "--inception", "missing.pth")
    assert outcome.code == 2
    assert "--inception must be the path of" in outcome.err
    Path("damaged.pth").write_bytes(b"no weights")
    outcome = script(EVALUATE, "run", *metrics, *QUICK, "--inception", "damaged.pth")
    assert outcome.code == 2  # it was asked for by name
    assert outcome.err.startswith("error: annealed")
    assert outcome.err.count("\n") == 1
    assert "expected real vectors, got unit sphere" in outcome.err
    assert "warning: annealed" not in outcome.out
    after = document()
    assert after["annealed"]["value"] is None
    assert after["diagnostics"]["mutual_information"]["value"] is not None
    assert "damaged.pth" in after["samples"]["frechet_distance"]["reason"]
    assert len([line for line in outcome.out.splitlines() if line.startswith("warning: samples")]) == 1
    assert after["samples"]["nearest_neighbour_distance"]["value"] is not None


@pytest.mark.slow
def test_markdown_and_an_error_that_is_wanted(script: Script) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "run").code == 0
    wanted = ["--num_repeats", "2", "--target_error", "1e-4", "--metrics", "likelihood", "--markdown"]
    outcome = script(EVALUATE, "run", *wanted)
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("**digits, 180 test examples**")
    assert "| rate (KL) |" in outcome.out
    assert re.search("\nseed 0, best checkpoint of epoch ., test set [0-9a-f]{12}, jaxvae .*, jax ", outcome.out)
    marginal = document()["log_marginal"]
    assert marginal["num_repeats"] == 2
    error = max(marginal["draw_error"]["value"], marginal["repeat_error"]["value"])
    needed = int(outcome.err.split("give --num_samples ")[1].split()[0])
    assert needed == pytest.approx(6 * (error / 1e-4) ** 2, rel=0.01)


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_autoencoder_beside_a_flow_has_a_plain_code(script: Script) -> None:
    flow = ["--posterior", "Flow", "--latent_dim", "4"]
    assert script(TRAIN, *FAST, *flow, "--run_dir", "run", "--epochs", "1").code == 0
    outcome = script(EVALUATE, "run", "--metrics", "representation", *QUICK)
    assert outcome.code == 0, outcome.err
    assert document()["representation"]["autoencoder"]["linear_probe"]["value"] > 0.1


@pytest.mark.slow
def test_damaged_runs_end_in_one_line(script: Script) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "run", "--epochs", "1").code == 0
    largest = max(Path("run/checkpoints/best").rglob("*"), key=lambda path: path.stat().st_size * path.is_file())
    content, config = largest.read_bytes(), Path("run/config.yaml").read_text()

    def refused(*words: str) -> None:
        outcome = script(EVALUATE, "run", "--metrics", "latents")
        assert outcome.code == 2
        (line,) = outcome.err.strip().splitlines()
        assert all(word in line for word in words), line

    largest.write_bytes(content[:50])
    refused("must be a complete checkpoint", "--overwrite")
    largest.write_bytes(content)
    Path("run/config.yaml").write_text(config.replace("latent_dim: 3", "latent_dim: 5"))
    refused("the model that config.yaml describes", "(3, 8)", "(5, 8)")
    Path("run/config.yaml").write_text(config)
    Path("run/evaluation.json").unlink()
    Path("run/evaluation.json").mkdir()
    refused("must be a file, got a folder")
    Path("run/evaluation.json").rmdir()
    Path("run/evaluation.json").write_bytes(b"\xff\xfe\x00")
    assert script(EVALUATE, "run", "--metrics", "latents").code == 0


@pytest.mark.slow
def test_figures_of_other_code_are_kept_apart(script: Script) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "run", "--epochs", "1").code == 0
    before = document()
    same = before | {"code": before["code"] | {"commit": "another"}}
    Path("run/evaluation.json").write_text(json.dumps(same))
    assert "the earlier figures" not in script(EVALUATE, "run", "--metrics", "latents").out
    assert document()["elbo"] == before["elbo"]
    older = before | {"code": before["code"] | {"sources_sha256": "another"}}
    Path("run/evaluation.json").write_text(json.dumps(older))
    outcome = script(EVALUATE, "run", "--metrics", "latents")
    assert outcome.code == 0
    (line,) = (line for line in outcome.out.splitlines() if line.startswith("warning: the earlier figures"))
    assert "likelihood" in line
    assert line.endswith("they are of another code")
    assert "elbo" not in document()
    assert json.loads(Path("run/evaluation.earlier.json").read_text()) == older


@pytest.mark.slow
def test_a_finer_estimate_is_kept_beside_a_coarser_one(script: Script) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "run", "--num_samples", "40").code == 0
    fine = document()
    outcome = script(EVALUATE, "run", "--num_samples", "7", "--num_repeats", "2")
    assert outcome.code == 0, outcome.err
    said = " ".join((outcome.out + outcome.err).split())
    assert "the earlier log p(x) is of 40 draws an example, this one of 14" in said
    assert json.loads(Path("run/evaluation.finer.json").read_text()) == fine
    assert document()["log_marginal"]["num_samples"] == 7
    assert script(EVALUATE, "run", "--num_samples", "3").code == 0
    assert json.loads(Path("run/evaluation.finer.json").read_text()) == fine  # not the one of 14, which is coarser
    Path("run/evaluation.finer.json").unlink()
    assert script(EVALUATE, "run", "--num_samples", "40").code == 0
    assert not Path("run/evaluation.finer.json").exists()
