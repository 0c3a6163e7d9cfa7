"""Every block of the README runs, and every row of its table of swaps is built."""

import re
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
from tests.experiments.conftest import FAST, Script

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
SHELL = [line for language, code in BLOCKS if language == "sh" for line in code.splitlines()]
OWN_PRIOR = next(code for code in PYTHON if "class WideNormal" in code)
ROWS = re.findall(r"^\| ([^|]*) \| (.+?) \| (.+?) \|$", README.split("## Swaps")[1].split("## ")[0], flags=re.MULTILINE)


@pytest.mark.parametrize("code", PYTHON, ids=lambda code: code.splitlines()[-1][:40])
def test_python_blocks(code: str) -> None:
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)
    if "log_px" in names:
        assert names["x_new"].shape == (8, 8, 1)
        assert np.isfinite(names["log_px"])
        assert names["terms"].value < 0


def test_the_own_prior_has_under_ten_lines() -> None:
    assert len([line for line in OWN_PRIOR.splitlines() if line.strip()]) < 10


def test_shell_blocks(script: Script, shared_data: Path) -> None:  # noqa: F811
    """In order, from one folder; trainings are made short, and what pip installs is CI's to try."""
    Path("my_prior.py").write_text(OWN_PRIOR)
    ran = 0
    for line in SHELL:
        command = line.split("#")[0].split("&&")[-1].split()
        if command[0] != "python":
            assert command == ["pytest"]
            continue
        path, *arguments = [str(shared_data / "mnist") if word == "FOLDER" else word for word in command[1:]]
        if path.endswith("sweep.py"):
            arguments = [*FAST, *arguments]
        elif path.endswith("train.py"):
            arguments = [word if word != "400" else "3" for word in arguments]  # --epochs 400 of the resumed run
            arguments = arguments if "--resume" in arguments else [*FAST, *arguments]
        elif "20000" in arguments:
            arguments = [word.replace("20000", "20") for word in arguments]
        outcome = script(path, *arguments)
        assert outcome.code == 0, (line, outcome.err)
        ran += 1
    assert ran >= 6
    assert {"digits-1", "digits-2"} <= {path.name for path in Path("runs").iterdir()}


@pytest.mark.parametrize(("python", "shell"), [row[1:] for row in ROWS[2:]], ids=[row[2] for row in ROWS[2:]])
def test_swaps(python: str, shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both columns of a row are built; where both describe one component, they are equal."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_prior.py").write_text(OWN_PRIOR)
    np.savez(tmp_path / "path.npz", x=np.ones((20, 4, 5), np.uint8))
    monkeypatch.syspath_prepend(str(tmp_path))
    names = {"jv": jv, "load": load, "jax": jax, "jnp": jnp, "Optimizer": Optimizer}
    exec(OWN_PRIOR, names)
    code = python.strip("`")
    built = eval(f"dict({code})" if "=" in code.split("(")[0] else f"dict(dataset={code})", names)
    parser = experiment_parser("")
    for flags in re.findall(r"`([^`]+)`", shell):
        values = construct(parser, parse(parser, [word.strip("'") for word in flags.split()]))
        for name, component in built.items():
            if name in values and type(component).__module__.startswith("jaxvae") and name != "optimizer":
                assert values[name] == component
