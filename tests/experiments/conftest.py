"""Scripts run in this process, from an empty folder, with what they print and their exit code."""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from jaxvae.cli.flags import run_script
from tests.conftest import module_of_script

TRAIN, EVALUATE = "experiments/train.py", "experiments/evaluate.py"
FAST = ["--epochs", "2", "--num_samples", "6", "--encoder.features", "[9]", "--decoder.features", "[8]"]
FAST += ["--latent_dim", "3", "--batch_size", "500"]


class Outcome(NamedTuple):
    """What a script left: its exit code and its output."""

    code: int
    out: str
    err: str


Script = Callable[..., Outcome]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Script:
    """`script("experiments/train.py", "--epochs", "2")` runs a script in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JAXVAE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # which a script replaces on its way out

    def run(path: str, *arguments: str) -> Outcome:
        module = module_of_script(path)
        monkeypatch.setattr(sys, "argv", [path, *arguments])
        code: object = 0
        try:
            run_script(module.main)
        except SystemExit as end:
            code = end.code
        with contextlib.suppress(KeyError):
            del sys.modules["my_prior"]
        captured = capsys.readouterr()
        return Outcome(int(str(code or 0)), captured.out, captured.err)

    return run
