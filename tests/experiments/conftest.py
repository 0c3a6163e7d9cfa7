"""Scripts run in this process, from an empty folder, with what they print and their exit code."""

import contextlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from jaxvae.cli.flags import run_script

ROOT = Path(__file__).resolve().parents[2]
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
    """`script("train", "--epochs", "2")` runs experiments/train.py in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JAXVAE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "path", [*sys.path])

    def run(name: str, *arguments: str) -> Outcome:
        spec = importlib.util.spec_from_file_location(f"experiments_{name}", ROOT / "experiments" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *arguments])
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
