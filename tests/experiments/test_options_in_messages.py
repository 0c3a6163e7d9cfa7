"""A message of the library names options as Python does; the command line shows the same message with flags."""

import ast
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from rich.table import Table

import jaxvae as jv
from jaxvae.cli.console import FlagConsole
from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.explain import as_flags, remember_flags, remember_values
from jaxvae.data import Preprocessing, load
from jaxvae.objectives import ELBO, MSSSIM, VQVAE, InfoVAE, Lagging
from jaxvae.posteriors import Categorical, Concrete, Flow, VectorQuantized
from jaxvae.priors import UniformCategorical, UniformCodes, UniformConcrete
from jaxvae.runs import DataFlags, RunFlags, prepare_data, train
from jaxvae.runs.directory import choose_run_directory
from jaxvae.runs.folder import CONFIG, HEADER
from jaxvae.training import Optimizer, Training
from jaxvae.training.memory import check_state_fits
from tests.conftest import ROOT
from tests.experiments.conftest import TRAIN, Script

SHELL = ("jaxvae/cli/", "jaxvae/commands/")
_FLAG = re.compile(r"--[a-z_]+")
_PROGRAMS = {  # flags of other programs, and the modules that only a command line reaches
    "jaxvae/evaluation/provenance.py": {"--error", "--porcelain", "--untracked"},
    "jaxvae/training/mesh.py": {"--xla_force_host_platform_device_count"},
    "jaxvae/errors.py": {"--learning_rte", "--learning_rate", "--epochs", "--lr"},
    "jaxvae/runs/components.py": {"--help", "--prior"},
    "jaxvae/runs/device_flags.py": {"--coordinator", "--mesh", "--num_processes", "--process_id", "--resume"},
    "jaxvae/runs/folder.py": {"--config"},  # a whole command line, the first of a config.yaml
    "jaxvae/runs/devices.py": {"--batch_size", "--coordinator", "--mesh", "--process_id", "--resume"},
    "jaxvae/data/prepare.py": {"--from", "--data_dir"},  # a whole command line, for a machine that is online
}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every string of a module, docstrings and the constant parts of f-strings included, with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_no_text_of_the_library_has_a_flag() -> None:
    found, allowed = [], []
    for path in sorted((ROOT / "jaxvae").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(SHELL):
            continue
        for line, text in texts(path):
            for flag in _FLAG.findall(text):
                (allowed if flag in _PROGRAMS.get(name, ()) else found).append(f"{name}:{line}: {flag}")
    assert not found
    assert {entry.split(":")[0] for entry in allowed} == set(_PROGRAMS)  # no exception is without a use


@pytest.fixture
def flags_of_a_run() -> None:
    """The flags of an experiment, as they are known once a command line is parsed."""
    remember_flags(experiment_parser(""))
    remember_values({})


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("lower `batch_size`: it is 9", "lower --batch_size: it is 9"),
        ("take `prior=Vamp()`", "take --prior Vamp"),
        ("take `prior=Vamp(num_components=9)`", "take --prior Vamp --prior.num_components 9"),
        ("`prior=Flow(base=StandardNormal())`", "--prior Flow --prior.base StandardNormal"),
        ("`prior=my_module.MyPrior(scale=2.0)`", "--prior my_module.MyPrior --prior.scale 2.0"),
        ("`objective.expectation='sampled'`", "--objective.expectation sampled"),
        ("`likelihood.columns=('real', 'categorical:3')`", "--likelihood.columns '[real,categorical:3]'"),
        ("`overwrite=True` or `scale=False`", "--overwrite or --scale false"),
        (
            "set `scale=True`, or `standardize=True`",
            "set --scale true, or --standardize true",
        ),  # no switches: None is automatic
        ("`objective.kind='a b'`", "--objective.kind 'a b'"),
        ("`objective.alpha=-1.5`", "--objective.alpha -1.5"),
        ("`decay_steps=None`", "--decay_steps null"),
        ("use `prior=Vamp()` or `prior=LARS()` or `prior=Flow()`, else", "use --prior Vamp or LARS or Flow, else"),
        ("`prior=Vamp()` or `posterior=Bernoulli()`", "--prior Vamp or --posterior Bernoulli"),
        ("VAE.latent_dim must be >= 1, got 0", "--latent_dim must be >= 1, got 0"),
        ("Training.freeze must name parts", "--freeze must name parts"),
        ("Optimizer.decay_steps is needed with decay step", "--decay_steps is needed with decay step"),
        # no options of this process: a user's own names stay as they are
        ("MyPrior.scale must be > 0", "MyPrior.scale must be > 0"),
        ("`forward` needs `inverse(x)`", "`forward` needs `inverse(x)`"),
        ("`my_option=3`", "`my_option=3`"),
        ("an unpaired ` and `two words`", "an unpaired ` and `two words`"),
    ],
)
@pytest.mark.usefixtures("flags_of_a_run")
def test_options_become_flags(message: str, shown: str) -> None:
    assert as_flags(message) == shown


@pytest.mark.usefixtures("flags_of_a_run")
def test_a_console_shows_flags_in_lines_and_in_tables_and_keeps_other_markup() -> None:
    file = io.StringIO()
    console = FlagConsole(file=file, width=80)
    console.print("warning: take `likelihood.columns=('real', 'count')`")
    console.print("[bold]ELBO[/bold] of [0, 1]")
    table = Table("reason")
    table.add_row("set `objective.beta=1`")
    console.print(table)
    shown = file.getvalue()
    assert "take --likelihood.columns '[real,count]'" in shown
    assert "ELBO of [0, 1]\n" in shown
    assert "set --objective.beta 1 " in shown


def model(**components: Any) -> jv.VAE:
    return jv.VAE((8, 8, 1), **{"latent_dim": 4, **components})


def enumerated(**components: Any) -> Any:
    one = model(**components)
    return one.enumerate(one.init(jax.random.key(0)), jnp.zeros((8, 8, 1)))


def in_run(objective: Any, **components: Any) -> None:
    objective.check_model(model(**components))


PREPROCESSING = Preprocessing(maximum=16, binarize="dynamic")
CODES = {"posterior": VectorQuantized(), "prior": UniformCodes()}
BINARY_FLAGS = ["--posterior", "Bernoulli", "--prior", "UniformBernoulli"]
LEARNED_CODE_FLAGS = ["--posterior", "VectorQuantized", "--prior", "AutoregressiveCodes"]
CODE_FLAGS = ["--posterior", "VectorQuantized", "--prior", "UniformCodes"]
# what is wrong in Python, the same in the shell, and what the shell is to name
ERRORS: dict[str, tuple[Callable[[], Any], list[str], list[str]]] = {
    "a prior of another space": (
        lambda: model(prior=UniformCategorical()),
        ["--prior", "UniformCategorical"],
        ["with this posterior use --prior ", " or Vamp or ", "with this prior use --posterior Categorical"],
    ),
    "an enumeration of real vectors": (
        enumerated,
        ["--objective.expectation", "enumerated"],
        ["--posterior Categorical or Bernoulli", "--objective.expectation sampled"],
    ),
    "too many states": (
        lambda: enumerated(latent_dim=17, posterior=jv.posteriors.Bernoulli(), prior=jv.priors.UniformBernoulli()),
        ["--objective.expectation", "enumerated", "--latent_dim", "17", *BINARY_FLAGS],
        ["lower --latent_dim", "--objective.expectation sampled"],
    ),
    "a number out of range": (lambda: model(latent_dim=0), ["--latent_dim", "0"], ["--latent_dim must be >= 1, got 0"]),
    "groups that do not fit": (
        lambda: model(latent_dim=6, posterior=Concrete(), prior=UniformConcrete()),
        ["--latent_dim", "6", "--posterior", "Concrete", "--prior", "UniformConcrete"],
        ["--latent_dim must be a multiple of Concrete.num_classes, 4, got 6: take 8"],
    ),
    "codes that do not fit": (
        lambda: model(latent_dim=13, **CODES),
        ["--latent_dim", "13", "--objective", "VQVAE", *CODE_FLAGS],
        ["--latent_dim must be a multiple of depth"],
    ),
    "a flow of one dimension": (
        lambda: model(latent_dim=1, prior=jv.priors.Flow()).init(jax.random.key(0)),
        ["--latent_dim", "1", "--prior", "Flow"],
        ["take --latent_dim 2"],
    ),
    "a flow over another space": (
        lambda: Flow(base=Categorical()),
        ["--posterior", "Flow", "--posterior.base", "Categorical"],
        ["--posterior.base must be a posterior over", "take --posterior.base DiagonalNormal"],
    ),
    "an objective that trains no codes": (
        lambda: in_run(ELBO(), **CODES),
        CODE_FLAGS,
        ["take --objective VQVAE"],
    ),
    "codes that are not there": (
        lambda: in_run(VQVAE()),
        ["--objective", "VQVAE"],
        ["take --posterior VectorQuantized and --prior UniformCodes"],
    ),
    "a second stage that trains nothing": (
        lambda: in_run(VQVAE(first_stage_steps=5), **CODES),
        ["--objective", "VQVAE", "--objective.first_stage_steps", "5", *CODE_FLAGS],
        ["--objective.first_stage_steps needs a prior", "take --prior AutoregressiveCodes"],
    ),
    "a first stage that never ends": (
        lambda: VQVAE(first_stage_steps=999_999).check_run(10, 1.0),
        ["--objective", "VQVAE", "--objective.first_stage_steps", "999999", *LEARNED_CODE_FLAGS],
        ["--objective.first_stage_steps must be <", "raise --epochs"],
    ),
    "lagging behind itself": (
        lambda: Lagging(objective=Lagging()),
        ["--objective", "Lagging", "--objective.objective", "Lagging"],
        ["--objective.objective must be another", "take --objective.objective ELBO"],
    ),
    "a range of the data that is too small": (
        lambda: MSSSIM(data_range=1.0).check_run(10, 2.0),
        ["--objective", "MSSSIM", "--likelihood", "Normal", "--symmetric"],
        ["--objective.data_range must be", "set --objective.data_range 2"],
    ),
    "an estimator without its KL": (
        lambda: ELBO(estimator="score_function"),
        ["--objective.estimator", "score_function"],
        ["set --objective.kl sampled"],
    ),
    "noise on binary data": (
        lambda: Preprocessing(maximum=255, binarize="dynamic", dequantize=True),
        ["--likelihood", "Normal", "--binarize", "dynamic", "--dequantize"],
        ["--dequantize adds noise", "use --binarize none"],
    ),
    "a batch of one": (
        lambda: Training(model(), PREPROCESSING, objective=InfoVAE(), batch_size=1),
        ["--objective", "InfoVAE", "--batch_size", "1"],
        ["raise --batch_size"],
    ),
    "steps of the rate that are not said": (
        lambda: Optimizer(decay="step"),
        ["--decay", "step"],
        ["e.g. --decay_steps 10000"],
    ),
    "a part that is not there": (
        lambda: Training(model(), PREPROCESSING, freeze=("encodr",)).check_frozen(model().init(jax.random.key(0))),
        ["--freeze", "encodr"],
        ["--freeze must name parts", "did you mean encoder or decoder?"],
    ),
    "a grey level of a named set": (
        lambda: load("digits", maximum=9),
        ["--maximum", "9"],
        ["--maximum is for files of your own"],
    ),
    "a stream of a named set": (lambda: load("digits", stream=True), ["--stream"], ["--stream keeps a folder"]),
    "columns of images": (
        lambda: model(likelihood=jv.likelihoods.Mixed(("real",))),
        ["--likelihood", "Mixed", "--likelihood.columns", "[real]"],
        ["such as --likelihood.columns '[real,count,categorical:3]'"],
    ),
    "a folder that is a run's": (
        lambda: choose_run_directory(RunFlags(run_dir=_a_run()), "digits"),
        ["--run_dir", "a_run"],
        ["a_run holds a run already: add --resume to go on, --overwrite to start again, or take another --run_dir"],
    ),
    "nothing to resume": (
        lambda: choose_run_directory(RunFlags(run_dir="nothing", resume=True), "digits"),
        ["--run_dir", "nothing", "--resume"],
        ["--resume needs the folder of a run, got nothing, which is not one: leave it out to start one"],
    ),
    "a run both new and old": (
        lambda: RunFlags(run_dir="a_run", resume=True, overwrite=True),
        ["--run_dir", "a_run", "--resume", "--overwrite"],
        ["--overwrite starts again and --resume continues, got both"],
    ),
    "grey levels where none are": (
        lambda: prepare_data(DataFlags("digits", dequantize=True), jv.likelihoods.Bernoulli()),
        ["--dequantize", "--likelihood", "Bernoulli"],
        ["--dequantize and --symmetric need a likelihood with a density", "take --likelihood Normal"],
    ),
    "a model too large": (
        lambda: check_state_fits({"params": jax.ShapeDtypeStruct((10**15,), jnp.float32)}),
        ["--latent_dim", "10000000"],
        ["lower --latent_dim"],
    ),
}


def _a_run() -> str:
    """A folder that looks like that of a run."""
    folder = Path("a_run")
    folder.mkdir(exist_ok=True)
    (folder / CONFIG).write_text(HEADER)
    return str(folder)


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_speaks_python_in_python_and_flags_in_the_shell(
    case: str, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_python, flags, words = ERRORS[case]
    with pytest.raises(jv.UserError) as error:
        in_python()
    message = str(error.value)
    assert "--" not in message
    assert "\n" not in message
    for code in re.findall("`([^`]+)`", message):
        ast.parse(code)  # what is quoted is Python
    monkeypatch.setattr(train, "first_state", None)  # before anything is compiled
    outcome = script(TRAIN, *flags)
    assert outcome.code == 2
    assert outcome.err.startswith("error: ")
    assert outcome.err.count("\n") == 1
    assert "`" not in outcome.err
    for word in words:
        assert word in outcome.err


def test_a_prior_of_a_users_own(script: Script) -> None:
    """A class of the user's raises with its own names, and its options are flags, too."""
    Path("my_prior.py").write_text(
        "import jaxvae as jv\n"
        "from jaxvae.errors import UserError\n"
        "from jaxvae.pytrees import dataclass\n\n\n"
        "@dataclass\n"
        "class Odd(jv.priors.StandardNormal):\n"
        "    width: int = 1\n\n"
        "    def __post_init__(self):\n"
        "        if self.width % 2 == 0:\n"
        "            fix = 'set `prior.width=3`, or `prior=Vamp()`'\n"
        "            raise UserError(f'Odd.width must be odd, got {self.width}: {fix}')\n"
    )
    outcome = script(TRAIN, "--prior", "my_prior.Odd", "--prior.width", "2")
    assert outcome.code == 2
    assert outcome.err == "error: --prior.width must be odd, got 2: set --prior.width 3, or --prior Vamp\n"
