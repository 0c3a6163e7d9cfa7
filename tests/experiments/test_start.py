"""Starting from another run, parts that stay as they are, and a resumed run with another learning rate."""

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from jaxvae.training.checkpoint import restore_parameters
from tests.experiments.conftest import FAST, TRAIN, Script

pytestmark = pytest.mark.slow


def parameters(run: str) -> dict[str, Any]:
    return {name: np.asarray(leaf) for name, leaf in restore_parameters(Path(run)).items()}


@pytest.mark.slow
def test_a_frozen_encoder_is_that_of_the_run_it_came_from(script: Script) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "first", "--ema_decay", "0.9").code == 0
    outcome = script(TRAIN, *FAST, "--run_dir", "second", "--init_from", "first", "--freeze", "encoder")
    assert outcome.code == 0, outcome.err
    first, second = parameters("first"), parameters("second")
    assert f"started from first: {len(second)} of {len(second)} arrays\n" in outcome.out
    for name, values in second.items():
        assert np.array_equal(values, first[name]) == name.startswith("encoder"), name
    assert "init_from: " + str(Path("first").resolve()) in Path("second/config.yaml").read_text()

    outcome = script(TRAIN, *FAST, "--run_dir", "third", "--init_from", "first", "--latent_dim", "4")
    assert outcome.code == 0, outcome.err
    (line,) = (line for line in outcome.out.splitlines() if line.startswith("started from"))
    assert "; not: decoder/params/Dense_0/kernel (4, 8), there (3, 8)" in line

    np.save("other.npy", np.random.default_rng(0).normal(size=(50, 5)))
    other = ("--data", "other.npy", "--latent_dim", "5", "--encoder.features", "6", "--decoder.features", "7")
    outcome = script(TRAIN, *FAST, *other, "--run_dir", "fourth", "--init_from", "first")
    assert outcome.code == 2
    assert "fits by name and shape" in outcome.err
    assert not Path("fourth").exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--freeze", "encodr"), ("--freeze must name parts of the parameters, decoder, encoder", "mean encoder")),
        (("--freeze", "encoder", "decoder", "likelihood"), ("must leave something to train",)),
        (("--init_from", "nowhere"), ("the folder of a run is expected, got nowhere",)),
    ],
)
def test_what_cannot_start_is_said(script: Script, flags: tuple[str, ...], words: tuple[str, ...]) -> None:
    outcome = script(TRAIN, *FAST, *flags, "--run_dir", "run")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert all(word in outcome.err for word in words), outcome.err
    assert not Path("run").exists()


@pytest.mark.slow
def test_a_resumed_run_may_learn_slower_and_its_configuration_keeps_both_parts(script: Script) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "run").code == 0
    before = parameters("run")
    flags = ("--run_dir", "run", "--resume", "--epochs", "3", "--learning_rate", "1e-9")
    assert script(TRAIN, *flags).code == 0
    after = parameters("run")
    assert all(np.allclose(after[name], before[name], atol=1e-5) for name in before)  # three steps of at most 1e-9
    assert script(TRAIN, *flags[:3], "--epochs", "4", "--learning_rate", "1e-4").code == 0
    lines = Path("run/config.yaml").read_text().splitlines()
    assert lines[1:3] == ["# until epoch 2: learning_rate 0.001", "# until epoch 3: learning_rate 1e-09"]
    assert "learning_rate: 0.0001" in lines


def test_names_of_parameters_are_those_of_the_state(script: Script) -> None:
    assert script(TRAIN, *FAST, "--run_dir", "run", "--posterior", "VectorQuantized", "--prior", "UniformCodes",
                  "--objective", "VQVAE").code == 0  # fmt: skip
    found = parameters("run")
    assert all(isinstance(leaf, np.ndarray) for leaf in jax.tree.leaves(found))
    assert {name.split("/")[0] for name in found} >= {"encoder", "decoder", "posterior"}
