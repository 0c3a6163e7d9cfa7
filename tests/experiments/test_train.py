"""experiments/train.py and evaluate.py from the flags to the files they leave."""

import json
import math
from pathlib import Path

import jax
import numpy as np
import pytest
import yaml
from PIL import Image

from jaxvae.cli.experiment import experiment_parser
from jaxvae.training.log import read_metrics
from tests.experiments.conftest import EVALUATE, FAST, TRAIN, Script


def untimed(run_dir: Path) -> list[dict]:
    """`metrics.jsonl` without its times."""
    return [{name: value for name, value in record.items() if "second" not in name} for record in read_metrics(run_dir)]


def test_a_run_leaves_what_the_readme_promises(script: Script) -> None:
    outcome = script(TRAIN, *FAST, "--learning_rate", "0.05")  # far enough for codes that tell of x
    assert outcome.code == 0, outcome.err
    run = Path("runs/digits-1")
    names = {path.name for path in run.iterdir()}
    assert {"config.yaml", "metrics.jsonl", "checkpoints", "samples.png", "reconstructions.png"} <= names
    assert any(name.startswith("events.out.tfevents") for name in names)
    assert {path.name for path in (run / "checkpoints").iterdir()} == {"best", "last"}
    for picture in ("samples.png", "reconstructions.png"):
        pixels = np.asarray(Image.open(run / picture).convert("L"))
        assert pixels.std() > 20, f"{picture} is blank"

    evaluation = json.loads((run / "evaluation.json").read_text())
    elbo, marginal, baseline = (evaluation[name] for name in ("elbo", "log_marginal", "baseline"))
    assert elbo["value"] == pytest.approx(-evaluation["rate"]["value"] - evaluation["distortion"]["value"], abs=1e-3)
    assert marginal["num_samples"] == 6
    assert marginal["value"] > elbo["value"]
    assert marginal["bits_per_dimension"] == pytest.approx(-marginal["value"] / 64 / math.log(2))
    assert marginal["bits_per_dimension_error"] == pytest.approx(marginal["standard_error"] / 64 / math.log(2))
    assert "num_repeats must be 2 or more" in marginal["repeat_error"]["reason"]
    assert all(entry["standard_error"] > 0 for entry in (elbo, marginal, baseline))
    assert evaluation["num_examples"] == 180
    assert len(evaluation["test_set_sha256"]) == 64
    latents = evaluation["diagnostics"]
    assert latents["num_examples"] == 180
    information = latents["mutual_information"]
    assert information["value"] <= information["upper_bound"]["value"]
    assert information["value"] <= information["ceiling"] == math.log(180)
    assert latents["average_kl"]["value"] == pytest.approx(evaluation["rate"]["value"], rel=1e-5)
    assert len(latents["kl_per_dimension"]["values"]) == latents["active_units"]["of"] == 3
    for shown in ("ELBO", "log p(x)", "baseline", "bits/dim", "I(x; z)", "active units", "runs/digits-1", "next"):
        assert shown in outcome.out
    assert [record["epoch"] for record in read_metrics(run)] == [1, 2]


@pytest.mark.slow
def test_a_decoder_that_ignores_z_is_told_of_in_one_line(script: Script) -> None:
    """Before the table of figures, and by `evaluate.py`, too."""
    outcome = script(TRAIN, *FAST, "--objective.beta", "1000", "--batch_size", "50", "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    assert json.loads(Path("run/evaluation.json").read_text())["diagnostics"]["ignores_latents"]["value"]
    (line,) = [line for line in outcome.out.splitlines() if "the decoder ignores z" in line]
    assert "--objective.beta 1" in line
    assert outcome.out.index(line) < outcome.out.index("active units")
    assert line in script(EVALUATE, "run").out


@pytest.mark.slow
def test_flows_by_flags(script: Script) -> None:
    """A posterior without a mean is shown by a draw."""
    flags = ["--posterior", "Flow", "--posterior.bijector", "Planar", "--prior", "Flow", "--prior.bijector", "MAF"]
    outcome = script(TRAIN, *FAST, *flags, "--prior.num_layers", "1", "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    config = yaml.safe_load(Path("run/config.yaml").read_text())
    assert config["posterior"]["init_args"]["bijector"]["class_path"].endswith("Planar")
    assert Path("run/reconstructions.png").exists()


@pytest.mark.slow
def test_same_flags_same_bits_and_the_config_repeats_the_run(script: Script) -> None:
    flags = (*FAST, "--objective.schedule", "Linear", "--objective.schedule.steps", "3", "--seed", "5")
    script(TRAIN, *flags, "--run_dir", "a")
    script(TRAIN, *flags, "--run_dir", "b")
    repeated = script(TRAIN, "--config", "a/config.yaml", "--run_dir", "c")
    assert repeated.code == 0, repeated.err
    other = script(TRAIN, *flags, "--seed", "6", "--run_dir", "d")
    assert other.code == 0, other.err
    assert untimed(Path("a")) == untimed(Path("b")) == untimed(Path("c")) != untimed(Path("d"))
    evaluations = [json.loads(Path(name, "evaluation.json").read_text()) for name in "abcd"]
    assert evaluations[0] == evaluations[1] == evaluations[2]
    # the test set is the same whatever the seed, the model is not
    assert evaluations[0]["test_set_sha256"] == evaluations[3]["test_set_sha256"]
    assert evaluations[0]["elbo"] != evaluations[3]["elbo"]
    config = yaml.safe_load(Path("a/config.yaml").read_text())
    assert config["binarize"] == "dynamic"  # resolved
    assert config["encoder"]["init_args"]["features"] == [9]
    assert config["gradient_clip"] is None


@pytest.mark.slow
def test_half_precision_remat_and_parts(script: Script) -> None:
    """They change how a run is computed, a little what comes out, and stay with the run."""
    plain = ("--seed", "4", "--run_dir", "plain")
    assert script(TRAIN, *FAST, *plain).code == 0
    flags = ("--precision", "bfloat16", "--remat", "--accumulate", "4", "--seed", "4", "--run_dir", "half")
    outcome = script(TRAIN, *FAST, *flags)
    assert outcome.code == 0, outcome.err
    one, other = (json.loads(Path(f"{run}/evaluation.json").read_text())["elbo"]["value"] for run in ("plain", "half"))
    assert one != other
    assert one == pytest.approx(other, rel=0.02)
    assert "precision: bfloat16" in Path("half/config.yaml").read_text()
    assert script(EVALUATE, "half").code == 0
    outcome = script(TRAIN, *FAST, "--precision", "float8")
    assert outcome.code == 2
    assert "precision" in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.slow
def test_profile_records_the_second_epoch(script: Script) -> None:
    outcome = script(TRAIN, *FAST, "--profile", "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    assert list(Path("run/profile").rglob("*.trace.json.gz"))
    assert "profile: false" in Path("run/config.yaml").read_text()
    assert script(TRAIN, *FAST, "--run_dir", "run", "--overwrite").code == 0
    assert not Path("run/profile").exists()
    outcome = script(TRAIN, *FAST, "--profile", "--epochs", "1")
    assert outcome.code == 2
    assert "--profile records the second epoch from now on, got 1 to come: raise --epochs to 2" in outcome.err


def test_resume_goes_on_exactly(script: Script) -> None:
    script(TRAIN, *FAST, "--run_dir", "whole", "--epochs", "4")
    script(TRAIN, *FAST, "--run_dir", "parts", "--epochs", "2")
    resumed = script(TRAIN, "--run_dir", "parts", "--resume", "--epochs", "4")
    assert resumed.code == 0, resumed.err
    assert untimed(Path("whole")) == untimed(Path("parts"))
    whole, parts = (json.loads(Path(name, "evaluation.json").read_text()) for name in ("whole", "parts"))
    assert whole == parts
    assert yaml.safe_load(Path("parts/config.yaml").read_text())["epochs"] == 4


@pytest.mark.slow
def test_evaluate_gives_the_same_figures_and_takes_more_samples(script: Script) -> None:
    script(TRAIN, *FAST, "--run_dir", "run")
    first = json.loads(Path("run/evaluation.json").read_text())
    again = script(EVALUATE, "run")
    assert again.code == 0, again.err
    assert json.loads(Path("run/evaluation.json").read_text()) == first
    more = script(EVALUATE, "run", "--num_samples", "300")
    assert more.code == 0, more.err
    second = json.loads(Path("run/evaluation.json").read_text())
    assert second["log_marginal"]["num_samples"] == 300
    assert second["log_marginal"]["value"] > first["log_marginal"]["value"]
    assert second["elbo"]["value"] == pytest.approx(first["elbo"]["value"], rel=1e-6)


@pytest.mark.slow
def test_an_autoencoder_says_that_it_has_no_density(script: Script) -> None:
    outcome = script(TRAIN, *FAST, "--objective", "Autoencoder", "--code_density", "mixture", "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    evaluation = json.loads(Path("run/evaluation.json").read_text())
    assert evaluation["elbo"]["value"] is None
    assert "density" in evaluation["elbo"]["reason"]
    assert evaluation["log_marginal"]["value"] is None
    assert evaluation["reconstruction_distortion"]["value"] > 0
    assert "density" in evaluation["diagnostics"]["reason"]
    assert "warning" not in outcome.out
    for picture in ("samples.png", "reconstructions.png"):  # of samples from a density fitted to the codes
        pixels = np.asarray(Image.open(Path("run", picture)).convert("L"))
        assert pixels.std() > 20, f"{picture} is blank"


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(("--likelihood", "Normal"), marks=pytest.mark.slow),
        pytest.param(
            ("--likelihood", "Normal", "--likelihood.scale", "0.3", "--likelihood.mean", "sigmoid"),
            marks=pytest.mark.slow,
        ),
        ("--likelihood", "Normal", "--likelihood.scale", "decoded", "--dequantize", "--symmetric", "true"),
        pytest.param(
            ("--binarize", "threshold", "--objective.beta", "4", "--objective.squared_error_weight", "0.5"),
            marks=pytest.mark.slow,
        ),
        ("--decay", "cosine", "--gradient_clip", "1", "--weight_decay", "1e-3", "--ema_decay", "0.9"),
        pytest.param(
            ("--optimizer", "lion", "--validation_fraction", "0.2", "--patience", "1"), marks=pytest.mark.slow
        ),
        pytest.param(
            ("--objective.schedule", "Cyclical", "--objective.schedule.period", "2", "--objective.kl", "sampled"),
            marks=pytest.mark.slow,
        ),
    ],
    ids=lambda flags: " ".join(flags),
)
def test_every_kind_of_flag_trains(script: Script, flags: tuple[str, ...]) -> None:
    outcome = script(TRAIN, *FAST, *flags, "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    evaluation = json.loads(Path("run/evaluation.json").read_text())
    assert math.isfinite(evaluation["log_marginal"]["value"])
    bits = evaluation["elbo"]["bits_per_dimension"]
    assert (bits is None) == ("Normal" in flags and "--dequantize" not in flags)


@pytest.mark.slow
def test_colours_by_a_mixture_of_discretised_logistics(script: Script) -> None:
    """A mass: bits without dequantisation, beside a baseline of levels; no mean, so that pictures are draws."""
    np.save("colours.npy", np.random.default_rng(0).integers(0, 256, (60, 4, 5, 3)).astype(np.uint8))
    flags = ("--data", "colours.npy", "--likelihood", "DiscretizedLogisticMixture", "--likelihood.num_components", "2")
    outcome = script(TRAIN, *FAST, *flags, "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    evaluation = json.loads(Path("run/evaluation.json").read_text())
    assert evaluation["binarize"] == "none"
    assert "CategoricalLevels" in evaluation["baseline"]["model"]
    assert evaluation["baseline"]["bits_per_dimension"] == pytest.approx(8.0, abs=0.3)  # few examples of pure noise
    assert evaluation["elbo"]["bits_per_dimension"] > 7.9
    for picture in ("samples.png", "reconstructions.png"):
        assert np.asarray(Image.open(f"run/{picture}").convert("RGB")).std() > 20


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags",
    [
        ("BetaTCVAE",),
        ("FactorVAE", "--objective.discriminator.features", "[7]"),
        pytest.param(("AdversarialAutoencoder", "--code_density", "prior"), marks=pytest.mark.slow),
        pytest.param(("VAEGAN",), marks=pytest.mark.slow),
        pytest.param(("DIPVAE", "--objective.kind", "ii"), marks=pytest.mark.slow),
        pytest.param(("InfoVAE", "--objective.bandwidth", "median"), marks=pytest.mark.slow),
        pytest.param(("WAE", "--objective.bandwidth", "1.5"), marks=pytest.mark.slow),
        pytest.param(("RAE", "--objective.penalty", "spectral"), marks=pytest.mark.slow),
        pytest.param(("MSSSIM",), marks=pytest.mark.slow),
    ],
    ids=lambda flags: flags[0],
)
def test_every_family_trains_from_the_shell(script: Script, flags: tuple[str, ...]) -> None:
    outcome = script(TRAIN, *FAST, "--objective", *flags, "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    evaluation = json.loads(Path("run/evaluation.json").read_text())
    has_density = flags[0] not in ("AdversarialAutoencoder", "WAE", "RAE")
    assert (evaluation["elbo"]["value"] is not None) == has_density
    assert Path("run/samples.png").exists()


@pytest.mark.slow
def test_bits_of_dequantised_data_do_not_depend_on_the_range(script: Script) -> None:
    """The baseline's bits are the same whether data are mapped to [0, 1] or to [−1, 1]."""
    for name, symmetric in (("a", "false"), ("b", "true")):
        flags = ("--likelihood", "Normal", "--dequantize", "--symmetric", symmetric, "--run_dir", name)
        assert script(TRAIN, *FAST, *flags).code == 0
    a, b = (json.loads(Path(name, "evaluation.json").read_text())["baseline"] for name in "ab")
    assert a["bits_per_dimension"] == pytest.approx(b["bits_per_dimension"], abs=1e-3)
    assert a["value"] != pytest.approx(b["value"], abs=1)


@pytest.mark.slow
def test_a_prior_of_the_users_own_by_its_import_path(script: Script) -> None:
    Path("my_prior.py").write_text(
        "import jax.numpy as jnp\n"
        "import jaxvae as jv\n\n"
        "@jv.dataclass\n"
        "class WideNormal(jv.priors.Prior):\n"
        "    scale: float = 2.0\n\n"
        "    def distribution(self, model, params):\n"
        "        return jv.distributions.Normal(jnp.zeros(model.latent_dim), self.scale * jnp.ones(model.latent_dim))\n"
    )
    outcome = script(TRAIN, *FAST, "--prior", "my_prior.WideNormal", "--prior.scale", "3", "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    config = yaml.safe_load(Path("run/config.yaml").read_text())
    assert config["prior"] == {"class_path": "my_prior.WideNormal", "init_args": {"scale": 3.0}}
    assert script(EVALUATE, "run").code == 0


def test_help_names_every_component_with_defaults_and_units(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["train.py", "--help", "all"])
    outcome = script(TRAIN, "--help", "all")
    assert outcome.code == 0
    for text in ("--objective.schedule.steps", "[steps]", "--likelihood.scale", "default: learned", "--learning_rate"):
        assert text in outcome.out


def test_help_is_two_screens_with_every_flag_and_the_names_of_components(script: Script) -> None:
    outcome = script(TRAIN, "--help")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert len(lines) <= 90
    assert max(map(len, lines)) <= 120
    parser = experiment_parser("")
    for flag in {action.dest for action in parser._actions} - {"help", "print_config"}:
        assert flag.endswith(".help") or f"--{flag} " in outcome.out or f"--{flag}\n" in outcome.out
    for name in ("Vamp", "ReweightedWakeSleep", "Mixed", "VonMisesFisher", "ResNet"):
        assert name in outcome.out
    assert "--latent_dim 16 " in outcome.out
    assert "--encoder MLP " in outcome.out
    assert "class_path" not in outcome.out


@pytest.mark.slow
def test_a_table_of_numbers_trains_without_pictures(script: Script) -> None:
    rows = np.asarray(jax.random.normal(jax.random.key(0), (60, 7)))
    np.save("table.npy", rows)
    flags = ("--data", "table.npy", "--likelihood", "Normal", "--num_samples", "0")
    outcome = script(TRAIN, *FAST, *flags, "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    assert not list(Path("run").glob("*.png"))
    evaluation = json.loads(Path("run/evaluation.json").read_text())
    assert evaluation["log_marginal"] == {"value": None, "reason": "left out by num_samples = 0"}
    assert np.isfinite(evaluation["elbo"]["value"])
