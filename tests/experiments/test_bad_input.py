"""Bad input: one line that says what was expected, what came and the fix; exit code 2; nothing half-written."""

from pathlib import Path

import numpy as np
import pytest

from jaxvae.errors import UserError
from jaxvae.runs import train
from jaxvae.runs.directory import choose_run_directory, open_run_directory
from jaxvae.runs.run_flags import RunFlags
from tests.experiments.conftest import EVALUATE, FAST, TRAIN, Outcome, Script

_BERNOULLI = ["--posterior", "Bernoulli", "--prior", "UniformBernoulli", "--objective.expectation", "enumerated"]
_CONCRETE = ["--posterior", "Concrete", "--prior", "UniformConcrete", "--latent_dim", "8"]
_BINARY = ["--posterior", "Bernoulli", "--prior", "UniformBernoulli", "--latent_dim", "4"]
_DREG = ["--objective.estimator", "doubly_reparameterized"]
_CODES = ["--posterior", "VectorQuantized", "--prior", "UniformCodes"]
_TWO_STAGES = ["--objective", "VQVAE", "--objective.first_stage_steps", "999999"]
_LEVELS = ["--likelihood.num_levels"]
_GEOMETRIC = ["--posterior.temperature", "Geometric"]


def refused(outcome: Outcome, *words: str) -> None:
    assert outcome.code == 2, outcome
    assert outcome.err.startswith("error: ")
    assert outcome.err.count("\n") == 1, outcome.err
    assert "Traceback" not in outcome.err
    for word in words:
        assert word in outcome.err, outcome.err
    assert not Path("runs").exists()


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--learning_rte", "1"], ["unknown flag --learning_rte", "--learning_rate"]),
        (["--freeze"], ["--freeze needs a value, got none"]),
        (["--epochs", "--latent_dim", "3"], ["--epochs needs a value, got none"]),
        (["--objective.bta", "1"], ["bta", "beta"]),
        (["--prior", "StandardNorml"], ["--prior", "StandardNorml", "did you mean StandardNormal"]),
        (
            ["--likelihood.scale", "1"],
            ["no likelihood is named", "Laplace", "Normal", "say --likelihood Logistic first"],
        ),
        (["--likelihood", "Bernoulli", "--likelihood.scale", "1"], ["Bernoulli", "Normal", "Laplace", "first"]),
        (["--likelihood", "Norml"], ["did you mean Normal?"]),
        (["--likelihood", "Normal", "--likelihood.scale", "sharred"], ["shared", "decoded", "a number"]),
        (["--likelihood", "Normal", "--likelihood.scale", "-1"], ["--likelihood.scale must be > 0, got -1.0"]),
        (["--likelihood", "Normal", "--likelihood.scale", "true"], ["a number or one of shared,", "; got 'true'"]),
        (
            ["--likelihood", "Normal", "--likelihood.scale", "nan"],
            ["--likelihood.scale must be a finite number or one"],
        ),
        (["--likelihood", "StudentT", "--likelihood.df", "true"], ["must be a number or learned; got 'true'"]),
        (["--patience", "0"], ["--patience must be >= 1, got 0"]),
        (["--patience", "maybe"], ["must be a whole number or never; got 'maybe'"]),
        (["--decoder.hidden_gain", "0"], ["--decoder.hidden_gain must be > 0, got 0.0"]),
        (["--encoder.activation", "rleu"], ["did you mean relu"]),
        (["--encoder.features", "[0]"], ["features must be >= 1"]),
        (["--latent_dim", "x"], ["--latent_dim", "whole number", "'x'"]),
        (["--latent_dim", "0"], ["latent_dim must be >= 1"]),
        (["--latent_dim", "10000000"], ["must fit the memory", "GiB", "lower --latent_dim"]),
        (["--batch_size", "0"], ["batch_size must be >= 1"]),
        (["--epochs", "0"], ["epochs must be >= 1"]),
        (["--seed", "-1"], ["--seed"]),
        (["--num_samples", "-1"], ["--num_samples must be >= 0"]),
        (["--learning_rate", "-1"], ["learning_rate must be > 0"]),
        (["--optimizer", "adm"], ["did you mean adam"]),
        (["--objective.beta", "-1"], ["beta must be >= 0"]),
        (["--objective.schedule", "Liner"], ["did you mean Linear?"]),
        (["--objective.schedule", "Linear", "--objective.schedule.steps", "-3"], ["steps must be >= 1"]),
        (
            ["--objective", "Capacity", "--objective.schedule.steps", "-1"],
            ["schedule.steps must be >= 1, got -1"],
        ),
        (["--objective.beta", "-1e3"], ["--objective.beta must be >= 0, got -1000"]),
        (["--posterior", "Flow", "--posterior.bijector", "Planr"], ["--posterior.bijector", "did you mean Planar?"]),
        (["--posterior.bijector", "Planar"], ["bijector", "--posterior Flow first"]),
        (["--prior", "Flow", "--prior.bijector", "MAF", "--prior.bijector.num_bins", "3"], ["SplineCoupling first"]),
        (["--prior", "Flow", "--latent_dim", "1"], ["at least 2 dimensions", "--latent_dim 2"]),
        (["--objective", "BetaTCVAE", "--objective.estimator", "mss"], ["weighted", "stratified"]),
        (["--objective", "FactorVAE", "--objective.discriminator", "MLPP"], ["did you mean MLP?"]),
        (["--objective", "InfoVAE", "--objective.bandwidth", "mean"], ["dimension", "median", "a number"]),
        (["--objective", "WAE", "--objective.kernel", "rfb"], ["did you mean rbf?"]),
        (["--code_density", "kernel"], ["normal", "mixture", "flow", "prior"]),
        (["--prior", "no_module.Prior"], ["no_module"]),
        (["--config", "nowhere.yaml"], ["nowhere.yaml"]),
        (["extra"], ["--name value", "'extra'"]),
        (
            ["--likelihood", "Bernoulli", "--binarize", "none"],
            ["Bernoulli", "{0, 1}", "--binarize dynamic", "--likelihood", "Normal"],
        ),
        (["--likelihood", "DiscretizedLogistic", *_LEVELS, "256"], ["{0, 1/255, …, 1}", "num_levels 17", "or Normal"]),
        (["--likelihood", "Categorical", *_LEVELS, "16"], ["1/15", "--likelihood.num_levels 17", "or leave it out"]),
        (["--likelihood", "Categorical", *_LEVELS, "1"], ["num_levels must be >= 2", "got 1"]),
        (["--likelihood", "ContinuousBernoulli", "--symmetric"], ["[0, 1]", "got values such as -1", "Normal"]),
        (["--binarize", "thresh"], ["did you mean threshold?"]),
        (["--dequantize", "--likelihood", "Bernoulli"], ["--dequantize", "Bernoulli", "--likelihood Normal"]),
        (["--symmetric", "--likelihood", "Bernoulli"], ["--symmetric", "Bernoulli", "--likelihood Normal"]),
        (["--likelihood", "Normal", "--binarize", "dynamic", "--dequantize"], ["--dequantize", "--binarize none"]),
        (["--beta", "4"], ["unknown flag --beta", "--objective.beta"]),
        (["--seed", "4294967296"], ["--seed", "2**32"]),
        (["--data", ""], ["--data"]),
        (["--encoder", "FromNNX"], ["--encoder.build"]),
        (["--encoder", "FromNNX", "--encoder.build", "no_module.build"], ["--encoder.build", "no_module"]),
        (
            ["--decoder", "Conv", "--decoder.channels", "[8, 8, 8, 8]"],
            ["--decoder.channels must", "8 × 8", "at most 3"],
        ),
        (["--encoder", "jaxvae.likelihoods.Normal"], ["jaxvae.networks.Network", "jaxvae.likelihoods.Normal"]),
        (["--validation_fraction", "1.5"], ["validation fraction", "1.5"]),
        (["--data", "digitz"], ["digitz", "digits"]),
        (["--data", "nowhere.npz"], ["nowhere.npz"]),
        (["--data", "nowhere.npy"], ["nowhere.npy"]),
        (["--objective.expectation", "enumerated"], ["must be discrete", "DiagonalNormal", "--posterior Categorical"]),
        ([*_BERNOULLI, "--latent_dim", "17"], ["at most 65536", "131072", "--latent_dim"]),
        (
            ["--posterior", "Categorical"],
            ["StandardNormal over real vectors", "Exemplar or UniformCategorical"],
        ),
        ([*_CONCRETE, "--latent_dim", "6"], ["--latent_dim", "multiple of Concrete.num_classes, 4, got 6: take 8"]),
        ([*_CONCRETE, "--prior.num_classes", "8"], ["log-probabilities[4]", "log-probabilities[8]", "same numbers"]),
        ([*_CONCRETE, "--posterior.num_classes", "1"], ["num_classes must be >= 2"]),
        ([*_CONCRETE, "--posterior.temperature", "0"], ["temperature must be > 0, got 0.0"]),
        ([*_CONCRETE, "--posterior.temperature", "Geometrik"], ["a number", "did you mean Geometric?"]),
        ([*_CONCRETE, "--posterior.temperature.start", "2"], ["--posterior.temperature Geometric first"]),
        (
            [*_CONCRETE, *_GEOMETRIC, "--posterior.temperature.start", "-2"],
            ["temperature.start must be > 0, got -2.0"],
        ),
        ([*_CONCRETE, *_GEOMETRIC, "--posterior.temperature.start", "x"], ["a number", "'x'"]),
        (_CODES, ["VectorQuantized must be trained by VQVAE, got ELBO", "--objective VQVAE"]),
        (["--objective", "VQVAE"], ["VQVAE needs the posterior VectorQuantized", "--prior UniformCodes"]),
        ([*_CODES, "--objective", "VQVAE", "--latent_dim", "13"], ["multiple of depth · code_dim", "take 12 or 15"]),
        ([*_CODES[:2], "--prior", "Vamp"], ["Vamp over densities", "--prior AutoregressiveCodes or UniformCodes"]),
        (["--objective", "IWAE", "--objective.num_samples", "0"], ["--objective.num_samples must be >= 1, got 0"]),
        (_DREG, ["must be one of reparameterized, sticking_the_landing, score_function", "'doubly_reparameterized'"]),
        (["--objective", "VRMax", *_DREG], ["one of reparameterized, sticking_the_landing, score_function"]),
        (
            ["--objective", "IWAE", *_DREG, *_BINARY],
            ["got Bernoulli", "--objective.estimator reparameterized or score_function", "--posterior Concrete"],
        ),
        (["--objective", "ReweightedWakeSleep", *_DREG, *_BINARY], ["use --objective.estimator score_function, or"]),
        (["--objective", "FactorVAE", *_BINARY], ["pass a gradient, got Bernoulli", "--posterior DiagonalNormal or"]),
        (["--objective", "WAE", "--posterior", "Flow"], ["WAE needs a posterior with a mean", "or NormalMixture or"]),
        (["--objective", "BetaTCVAE", "--posterior", "FullNormal"], ["use --posterior DiagonalNormal or WithNoise"]),
        (
            ["--objective", "DIPVAE", "--objective.kind", "ii", *_CONCRETE],
            ["with a mean, got Concrete", "--prior StandardNormal with --posterior DiagonalNormal or"],
        ),
        (["--objective", "Lagging", "--objective.objective", "RAE"], ["must train a density", "got RAE"]),
        (["--objective", "Lagging", "--objective.objective", "Lagging"], ["another objective", "ELBO"]),
        (["--objective", "InfoVAE", "--batch_size", "1"], ["InfoVAE", "needs 2 of them", "--batch_size"]),
        (
            ["--objective", "AdversarialAutoencoder", "--prior", "Vamp"],
            ["not learned", "got Vamp", "StandardNormal or"],
        ),
        (
            [*_CODES[:2], "--prior", "AutoregressiveCodes", *_TWO_STAGES],
            ["first_stage_steps must be <", "the second stage never begins", "--epochs"],
        ),
        (
            ["--objective", "MSSSIM", "--likelihood", "Normal", "--symmetric"],
            ["data_range must be the range of the data, 2, got 1", "--objective.data_range 2"],
        ),
        (["--code_density", "flow"], ["Autoencoder, RAE, WAE", "got ELBO", "leave it out"]),
        (["--prior", "LARS", "--prior.truncation", "0"], ["truncation must be >= 1"]),
        (["--resume"], ["--run_dir"]),
        (["--resume", "--run_dir", "nowhere"], ["--resume", "nowhere"]),
        (["--resume", "--overwrite", "--run_dir", "x"], ["--overwrite", "--resume"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_bad_flags(script: Script, flags: list[str], words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is compiled or a folder made."""
    monkeypatch.setattr(train, "first_state", None)
    refused(script(TRAIN, *flags), *words)


@pytest.mark.parametrize(
    ("array", "flags", "words"),
    [
        (np.zeros((0, 4, 4), np.uint8), [], ["example"]),
        (np.full((20, 4, 4), np.nan, np.float32), ["--likelihood", "Normal"], ["NaN"]),
        (
            np.full((20, 4, 4), 0.5, np.float32),
            ["--likelihood", "Bernoulli", "--binarize", "none"],
            ["0.5", "--binarize dynamic"],
        ),
        (np.full((20, 4, 4), 3.5, np.float32), ["--likelihood", "Bernoulli"], ["[0, 1]", "3.5"]),
        (np.full((20, 4, 4), "a"), [], ["dtype"]),
        (np.zeros(20, np.uint8), [], ["shape"]),
    ],
    ids=["empty", "NaN", "grey", "out of range", "strings", "one axis"],
)
def test_bad_files(script: Script, array: np.ndarray, flags: list[str], words: list[str]) -> None:
    np.save("data.npy", array)
    refused(script(TRAIN, *FAST, "--data", "data.npy", *flags), *words)


def test_a_configuration_with_an_unknown_key(script: Script) -> None:
    Path("config.yaml").write_text("learning_rte: 0.1\n")
    refused(script(TRAIN, "--config", "config.yaml"), "learning_rte", "learning_rate")
    Path("config.yaml").write_text("a: [1\n")
    refused(script(TRAIN, "--config", "config.yaml"), "config")
    Path("config.yaml").write_text("epochs: null\nlatent_dim: null\n")
    refused(script(TRAIN, "--config", "config.yaml"), "null", "--")
    Path("config.yaml").write_bytes(b"\xff\xfe\x00")
    refused(script(TRAIN, "--config", "config.yaml"), "YAML")
    Path("config.yaml").write_text("")
    refused(script(TRAIN, "--config", "config.yaml"), "YAML")


@pytest.mark.slow
def test_a_run_directory_is_never_overwritten_by_accident(script: Script) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "run").code == 0
    before = {path: path.stat().st_mtime_ns for path in Path("run").rglob("*")}
    refused(script(TRAIN, *FAST, "--run_dir", "run"), "--resume", "--overwrite")
    refused(script(TRAIN, *FAST, "--run_dir", "run", "--overwrite", "--data", "digitz"), "digitz")
    assert before == {path: path.stat().st_mtime_ns for path in Path("run").rglob("*")}
    assert script(TRAIN, *FAST, "--run_dir", "run", "--overwrite").code == 0
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("…")
    refused(script(TRAIN, *FAST, "--run_dir", "mine", "--overwrite"), "mine", "something else")
    assert Path("mine/thesis.tex").exists()
    Path("mine/config.yaml").write_text("hydra: 1\n")
    refused(script(TRAIN, *FAST, "--run_dir", "mine", "--overwrite"), "mine", "something else")
    Path("run/notes.txt").write_text("…")
    refused(script(TRAIN, *FAST, "--run_dir", "run", "--overwrite"), "run", "something else")
    assert Path("run/notes.txt").exists()
    assert (
        script(TRAIN, "--run_dir", "run", "--resume", "--epochs", "3").code == 0
    )  # notes do not keep it from going on
    refused(script(TRAIN, *FAST, "--run_dir", "mine/thesis.tex/run"), "written")


@pytest.mark.slow
def test_evaluate_on_what_is_no_run(script: Script) -> None:
    refused(script(EVALUATE, "nowhere"), "nowhere", "no folder", "train.py")
    Path("empty").mkdir()
    refused(script(EVALUATE, "empty"), "config.yaml")
    refused(script(EVALUATE), "run_dir")
    assert script(TRAIN, *FAST, "--run_dir", "run").code == 0
    refused(script(EVALUATE, "run", "--num_samples", "-1"), "--num_samples must be >= 0")
    refused(script(EVALUATE, "run", "--num_sample", "3"), "--num_samples")


@pytest.mark.slow
def test_resume_refuses_what_would_make_the_config_untrue(script: Script) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "run", "--decay", "cosine").code == 0
    config = Path("run/config.yaml").read_text()
    for flags in (["--latent_dim", "5"], ["--seed", "9"], ["--batch_size", "5"], ["--objective.beta", "2.0"]):
        words = (f"got {flags[0]} {flags[1]}", "in the run", "num_samples, patience")
        refused(script(TRAIN, "--run_dir", "run", "--resume", *flags), *words)
    for flags, words in {
        ("--objective.gamma", "7"): ("the run has ELBO, which has no gamma", "got --objective.gamma"),
        ("--objective.schedule.steps", "7"): ("the run has Constant, which has no steps",),
        ("--objective", "IWAE"): ("got --objective IWAE, which is ELBO in the run",),
        ("--epoch", "9"): ("unknown flag --epoch", "--epochs"),
    }.items():
        refused(script(TRAIN, "--run_dir", "run", "--resume", *flags), *words)
    refused(script(TRAIN, "--run_dir", "run", "--resume", "--epochs", "4"), "--epochs")  # the length of the cosine
    assert Path("run/config.yaml").read_text() == config


def test_resume_to_fewer_epochs(script: Script) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "run").code == 0
    refused(script(TRAIN, "--run_dir", "run", "--resume", "--epochs", "1"), "--epochs must be >= 2")


def test_a_run_that_fails_at_once_leaves_nothing(script: Script) -> None:
    refused(script(TRAIN, *FAST, "--run_dir", "run", "--optimizer", "sgd", "--learning_rate", "1e30"), "finite")
    assert not Path("run").exists()


def test_two_runs_never_share_a_folder(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run takes the default name between the choice of it and its use."""
    chosen = choose_run_directory(RunFlags(), "digits")
    assert script(TRAIN, *FAST).code == 0
    opened = open_run_directory(chosen, "config", {}, RunFlags())
    assert (chosen.name, opened.name) == ("digits-1", "digits-2")
    explicit = RunFlags(run_dir=str(chosen))
    with pytest.raises(UserError, match="taken by another run"):
        open_run_directory(chosen, "config", {}, explicit)
    assert (chosen / "evaluation.json").exists()


def test_float_data_with_a_likelihood_of_levels(script: Script) -> None:
    """The suggestion is a likelihood that takes them, for any number of levels."""
    np.savez("float.npz", images=np.random.default_rng(0).normal(size=(600, 4, 5)).astype(np.float32))
    refused(
        script(TRAIN, *FAST, "--data", "float.npz", "--binarize", "dynamic"),
        *("values in [0, 1]", "--likelihood Laplace or Logistic or Normal"),
    )


def test_a_run_that_cannot_be_written_is_not_measured(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "mine").code == 0

    def denied(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("jaxvae.runs.documents.tempfile.TemporaryFile", denied)
    refused(script(EVALUATE, "mine"), "must be one that can be written, got mine: Permission denied")


def test_an_objective_that_does_not_report_what_is_evaluated(script: Script) -> None:
    """It is refused before anything is compiled, by its own name: `score` is no option."""
    Path("thrifty.py").write_text(
        "import jaxvae as jv\n"
        "@jv.dataclass\n"
        "class Thrifty(jv.objectives.ELBO):\n"
        "    monitor = 'fit'\n"
        "    def score(self, model, params, key, x):\n"
        "        return {'fit': jv.elbo(model, params, key, x).value}\n"
    )
    outcome = script(TRAIN, *FAST, "--objective", "thrifty.Thrifty", "--run_dir", "run")
    refused(outcome, "Thrifty.score must return log_likelihood", "got fit: add them")
    assert not Path("run").exists()
