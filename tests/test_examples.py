"""Each example runs as it is called in its first lines; those of one's own components train from the shell, too."""

import ast
import runpy
import shutil
import sys
from pathlib import Path

import jax
import pytest

from tests.conftest import ROOT
from tests.experiments.conftest import FAST, Script, script  # noqa: F401 - a fixture

EXAMPLES = sorted((ROOT / "examples").glob("*.py"), reverse=True)  # the whole VAE first: it is always run
LAST_LINES = {
    "compare_bounds": "IWAE 5,000",
    "own_likelihood": "a draw of x has shape (8, 6, 1)",
    "own_objective": "loss ",
    "own_prior": "a draw of z:",
    "sweep_by_vmap": "beta 4.00: distortion",
}


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_an_example_runs_to_its_last_line(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    takes_epochs = "--epochs" in path.read_text()
    monkeypatch.setattr(sys, "argv", [str(path), *(["--epochs", "2"] if takes_epochs else [])])
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):  # as for a user
        runpy.run_path(str(path), run_name="__main__")
    last = capsys.readouterr().out.splitlines()[-1]
    if path.stem == "vae":
        assert set(last) == set(".# ")  # a picture
    else:
        assert last.startswith(LAST_LINES[path.stem])


def test_the_first_example_fits_a_screen_and_trains_in_sight() -> None:
    """At most 50 lines, and of the library only what makes a model: the loop is plain JAX and Optax."""
    text = (ROOT / "examples" / "vae.py").read_text()
    assert len(text.splitlines()) <= 50
    modules = [node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    assert modules == ["jaxvae.data"]


def test_own_components_train_from_the_shell(script: Script) -> None:  # noqa: F811
    """All three at once, from the folder that they are in."""
    for path in EXAMPLES:
        if path.stem.startswith("own_"):
            shutil.copy(path, path.name)
    flags = ["--prior", "own_prior.HeavyTails", "--prior.df", "4", "--likelihood", "own_likelihood.RowNoise"]
    flags += ["--objective", "own_objective.FreeNats", "--objective.nats", "2"]
    outcome = script("experiments/train.py", *FAST, *flags, "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    config = Path("run/config.yaml").read_text()
    for name in ("own_prior.HeavyTails", "own_likelihood.RowNoise", "own_objective.FreeNats"):
        assert f"class_path: {name}" in config
