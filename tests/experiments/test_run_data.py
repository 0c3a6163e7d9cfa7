"""A run knows its data by their content: moved data are the same, changed data are refused or named."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.experiments.conftest import EVALUATE, FAST, TRAIN, Script

RNG = np.random.default_rng(0)


@pytest.fixture
def rows() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(80, 4))


def figures(file: str = "run/evaluation.json") -> dict[str, object]:
    return {name: value for name, value in json.loads(Path(file).read_text()).items() if name != "data"}


@pytest.mark.slow
def test_data_may_move_but_not_change(script: Script, rows: np.ndarray) -> None:
    Path("here").mkdir()
    np.save("here/a.npy", rows)
    assert script(TRAIN, *FAST, "--data", "here/a.npy", "--run_dir", "run").code == 0
    trained = figures()

    shutil.move("here", "there")
    outcome = script(EVALUATE, "run", "--metrics", "latents", "--data", "there/a.npy")
    assert outcome.code == 0, outcome.err
    assert "warning: the earlier figures" not in outcome.out
    assert figures() == trained
    outcome = script(TRAIN, *FAST, "--run_dir", "run", "--resume", "--data", "there/a.npy", "--epochs", "3")
    assert outcome.code == 0, outcome.err
    resumed = figures()

    np.save("there/a.npy", np.insert(rows, 5, 0.5, axis=0))
    outcome = script(EVALUATE, "run")
    assert outcome.code == 2
    assert "was trained on other data than" in outcome.err
    assert "--data" in outcome.err
    outcome = script(TRAIN, *FAST, "--run_dir", "run", "--resume", "--epochs", "4")
    assert outcome.code == 2
    assert "was trained on other data than" in outcome.err
    outcome = script(EVALUATE, "run", "--data", "there/a.npy")
    assert outcome.code == 0, outcome.err
    assert "examples than the run's: the model may have been trained on some" in outcome.out
    assert figures() == resumed  # those of the run's own data
    others = list(Path("run").glob("evaluation-*.json"))
    assert len(others) == 1

    np.save("there/a.npy", RNG.normal(size=(80, 5)))
    outcome = script(EVALUATE, "run", "--data", "there/a.npy")
    assert outcome.code == 2
    assert "reads examples of shape (4,)" in outcome.err
    assert script(TRAIN, *FAST, "--data", "digits", "--run_dir", "run", "--overwrite").code == 0  # all of it is a run's


@pytest.mark.slow
def test_grey_levels_mean_the_same_in_other_data(script: Script) -> None:
    """9 is the largest level where the model was trained, though the new data end at 7."""
    levels = RNG.integers(0, 10, (60, 3, 2)).astype(np.uint8)
    np.save("a.npy", levels)
    np.save("b.npy", np.minimum(levels, 7))
    assert script(TRAIN, *FAST, "--data", "a.npy", "--run_dir", "run", "--likelihood", "Normal").code == 0
    outcome = script(EVALUATE, "run", "--data", "b.npy", "--metrics", "likelihood")
    assert outcome.code == 0, outcome.err
    assert "maximum: 9" in Path("run/config.yaml").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("content", ["", "{}", '{"shape": [4]}'])
def test_a_damaged_description_is_said(script: Script, rows: np.ndarray, content: str) -> None:
    np.save("a.npy", rows)
    assert script(TRAIN, *FAST, "--data", "a.npy", "--run_dir", "run").code == 0
    Path("run/data.json").write_text(content)
    outcome = script(EVALUATE, "run")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert "data.json must say which data the run was trained on" in outcome.err


@pytest.mark.slow
def test_other_data_lose_the_offset_of_the_run(script: Script) -> None:
    """A day later is not the same day: with an offset of their own the two would look alike."""
    day = RNG.uniform(0.0, 7e3, (60, 2))
    np.save("a.npy", 1.7e9 + day)
    np.save("b.npy", 1.7e9 + 1e5 + day)
    assert script(TRAIN, *FAST, "--data", "a.npy", "--run_dir", "run").code == 0
    assert "offsets:\n- 1700000000.0\n- 1700000000.0" in Path("run/config.yaml").read_text()
    outcome = script(EVALUATE, "run", "--data", "b.npy", "--metrics", "likelihood")
    assert outcome.code == 0, outcome.err
    (other,) = Path("run").glob("evaluation-*.json")
    own = json.loads(Path("run/evaluation.json").read_text())["elbo"]["value"]
    assert json.loads(other.read_text())["elbo"]["value"] < own - 10.0
