"""Every block of the README and of the pages of docs/ runs, and every row of their tables of swaps is built."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import construct, parse
from jaxvae.data import load
from jaxvae.training import Optimizer
from tests.conftest import ROOT
from tests.data.conftest import shared_data  # noqa: F401 - a fixture
from tests.experiments.conftest import EVALUATE, FAST, TRAIN, Script
from tests.experiments.test_evaluate import QUICK
from tests.pages import FILES, PYTHON, SHELL, SWAPS, Block, Swap

README = ROOT / "README.md"


@pytest.fixture
def own_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, empty but for the files that blocks are saved as."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    yield tmp_path
    for name in FILES:
        sys.modules.pop(name.removesuffix(".py"), None)


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize("block", PYTHON, ids=lambda block: f"{block.page}-{block.number}")
def test_python_blocks(block: Block, own_modules: Path) -> None:
    names: dict = {"__name__": "block"}
    text = block.text.replace("jax.random.key(1), 500)", "jax.random.key(1), 20)")  # steps of the README's loop
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):  # as for a user
        exec(compile(text, block.page, "exec"), names)
    if "log_px" in names:
        assert names["x_new"].shape == (8, 8, 1)
        assert np.isfinite(names["log_px"])
        assert names["log_px"] < 0
    if "terms" in names:
        assert names["terms"].value < 0


def test_the_own_prior_has_under_ten_lines() -> None:
    assert len([line for line in FILES["my_prior.py"].splitlines() if line.strip()]) < 10


def two_of_each(arguments: list[str]) -> list[str]:
    """The flags of a sweep with two values each, two seeds and three folds, at most."""
    flags: list[list[str]] = []
    for word in arguments:
        if word.startswith("--"):
            flags.append([word])
        else:
            flags[-1].append(word)
    fewest = {"--seeds": ["2"], "--folds": ["3"]}
    return [word for name, *values in flags for word in (name, *fewest.get(name, values[:2]))]


def made_small(command: list[str], data: Path) -> list[str]:
    """A command of a page with few epochs, few draws and few of everything that is measured."""
    path, *arguments = [str(data / "mnist") if word == "FOLDER" else word for word in command]
    arguments = [{"400": "3", "20000": "20"}.get(word, word) for word in arguments]  # --epochs, --num_samples
    if path.endswith("sweep.py"):
        return [path, *FAST, *two_of_each(arguments)]
    if path.endswith("train.py") and "--resume" not in arguments:
        return [path, *FAST, *arguments]
    return [path, *arguments, *(QUICK if "--metrics" in arguments else [])]


@pytest.mark.slow
@pytest.mark.parametrize("page", SHELL)
def test_shell_blocks(page: str, script: Script, shared_data: Path, own_modules: Path) -> None:  # noqa: F811
    """In order, from one folder; a page that needs a run gets one, and what pip installs is CI's to try."""
    commands = [line.split("#")[0].split("&&")[-1].split() for block in SHELL[page] for line in block.text.splitlines()]
    if not any(command[1:] == [TRAIN] for command in commands) and "runs/digits-1" in str(commands):
        assert script(TRAIN, *FAST, "--run_dir", "runs/digits-1").code == 0
    for command in commands:
        if command[0] != "python":
            assert command == ["pytest"]
            continue
        outcome = script(*made_small(command[1:], shared_data))
        assert outcome.code == 0, (command, outcome.err)


METRICS = "my_metrics.spread_of_codes"
TOGETHER = [  # every family of docs/extending.md, in a few trainings
    "--prior my_prior.WideNormal --likelihood my_likelihood.FixedNoise --dequantize --objective my_objective.FreeNats "
    "--encoder my_network.Linear --decoder my_network.Linear --latent_dim 3",
    "--posterior my_posterior.LaplacePosterior --prior Flow --prior.bijector my_bijector.Scale "
    "--encoder FromEquinox --encoder.build my_module.build --objective my_bound.MedianBound",
    "--posterior Concrete --posterior.temperature my_temperature.Drop --prior UniformConcrete "
    "--objective.schedule my_schedule.HalfFirst --objective.schedule.steps 3",
    "--model my_model.Factors --model.noise 0.4 --likelihood Normal --latent_dim 3 --objective IWAE",
    "--model my_masked_model.MaskedFactors --hide 0.2 --likelihood Normal --latent_dim 3",
    "--encoder my_linen.Hidden --decoder my_linen.Hidden --decoder.features 9 --data my_data.stripes --data.size 60 "
    "--optimizer my_optimizer.clipped --optimizer.peak 0.01 --ema_decay 0.9",
]


@pytest.mark.slow
@pytest.mark.parametrize("flags", TOGETHER)
def test_components_of_ones_own_train(flags: str, script: Script, own_modules: Path) -> None:
    small = ["--epochs", "2", "--num_samples", "6", "--batch_size", "500", "--run_dir", "run"]
    outcome = script(TRAIN, *small, *flags.split())
    assert outcome.code == 0, outcome.err
    assert {name.removesuffix(".py") for name in FILES} <= set(re.findall(r"my_\w+", f"{TOGETHER} {METRICS}"))
    if "my_data" in flags:
        outcome = script(EVALUATE, "run", "--metrics", METRICS)
        assert outcome.code == 0, outcome.err
        assert "own metrics" in outcome.out


def test_the_pages_name_the_commands_of_the_experiments() -> None:
    words = str([block.text for blocks in SHELL.values() for block in blocks])
    for path in (TRAIN, EVALUATE, "experiments/sweep.py", "scripts/prepare_data.py", "--resume", "--init_from"):
        assert f"{path}" in words


@pytest.mark.slow
@pytest.mark.parametrize("swap", SWAPS, ids=lambda swap: f"{swap.page}: {swap.shell}")
def test_swaps(swap: Swap, own_modules: Path) -> None:
    """Both columns of a row are built; where both describe one component, they are equal."""
    np.savez("path.npz", x=np.ones((20, 4, 5), np.uint8))
    names = {"jv": jv, "load": load, "jax": jax, "jnp": jnp, "Optimizer": Optimizer}
    parser = experiment_parser("")
    compared = 0
    built: dict = {}
    for flags in re.findall(r"`([^`]+)`", swap.shell):
        values = construct(parser, parse(parser, [word.strip("'") for word in flags.split()]))
        if not built:  # after the flags: they import the modules of one's own
            for file in FILES:
                names |= vars(importlib.import_module(file.removesuffix(".py")))
            code = swap.python.strip("`")
            built = eval(f"dict({code})" if "=" in code.split("(")[0] else f"dict(dataset={code})", names)
        for name, component in built.items():
            if name in values and name != "optimizer":
                assert values[name] == component
                compared += 1
    assert compared == len(built) or "optimizer" in built or "dataset" in built


def test_readme_is_short_and_has_six_swaps() -> None:
    assert len(README.read_text().split()) <= 700
    assert len([swap for swap in SWAPS if swap.page == "README.md"]) == 6
    assert len([swap for swap in SWAPS if swap.page == "docs/swaps.md"]) >= 18


def test_readme_has_the_two_commands_of_ci() -> None:
    lines = [line.split("  ")[0] for line in README.read_text().splitlines()]
    assert "pip install -e . && python experiments/train.py" in lines
    assert 'pip install -e ".[dev]" && pytest' in lines
