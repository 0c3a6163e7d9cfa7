"""`train.py --mesh`: real processes over the loopback interface, one that is killed, and meshes that do not fit."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from jaxvae.data import load, write_records
from jaxvae.training.checkpoint import checkpoint_step
from tests.conftest import ROOT
from tests.experiments.conftest import FAST, TRAIN, Script

JOB = [*FAST, "--batch_size", "360", "--learning_rate", "0.01"]  # 4 steps an epoch
WAIT = 300  # seconds at the most, on a machine that does other things too


def start(folder: Path, process: int, port: int, *arguments: str) -> subprocess.Popen[str]:
    """One of two processes that train together, with one device each."""
    together = ["--coordinator", f"localhost:{port}", "--num_processes", "2", "--process_id", str(process)]
    command = [sys.executable, str(ROOT / TRAIN), *JOB, *arguments, "--mesh", "data=2", "--run_dir", "run", *together]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def free_port() -> int:
    """A port of the loopback interface that nobody listens at."""
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]


def losses(run: Path) -> list[float]:
    """Training loss and validation ELBO of each epoch that is recorded."""
    lines = run / "metrics.jsonl"
    written = lines.read_text() if lines.exists() else ""
    whole = written[: written.rfind("\n") + 1]  # a line may be half written while another process trains
    records = [json.loads(line) for line in whole.splitlines()]
    return [value for record in records for value in (record["train"]["loss"], record["validation"]["elbo"])]


@pytest.mark.slow
@pytest.mark.parametrize("where", ["memory", "disk"])
def test_two_processes_give_the_losses_of_one_over_100_steps(tmp_path: Path, script: Script, where: str) -> None:
    port, epochs = free_port(), ["--epochs", "25"]
    if where == "disk":
        write_records(tmp_path / "digits.array_record", load("digits").train.values * 15)
        epochs += ["--data", "digits.array_record", "--batch_size", "300"]  # 1149 examples: 4 steps
        epochs += ["--likelihood", "Bernoulli", "--binarize", "dynamic"]  # others let rounding grow faster than 1e-5
    pair = [start(tmp_path, process, port, *epochs) for process in range(2)]
    outputs = [process.communicate(timeout=WAIT) for process in pair]
    assert [process.returncode for process in pair] == [0, 0], outputs
    assert script(TRAIN, *JOB, *epochs, "--run_dir", "alone").code == 0
    together = losses(tmp_path / "run")
    assert len(together) == 2 * 25
    np.testing.assert_allclose(together, losses(tmp_path / "alone"), rtol=1e-5)
    assert "log p(x)" in outputs[0][0]
    shown = [line for line in outputs[1][0].splitlines() if not line.startswith("[Gloo]")]
    assert not shown  # one writes, draws the bar and evaluates
    assert "mesh" not in (tmp_path / "run" / "config.yaml").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("killed", [0, 1])
def test_killing_one_of_two_ends_the_other_and_the_run_resumes(tmp_path: Path, script: Script, killed: int) -> None:
    port, run = free_port(), tmp_path / "run"
    pair = [start(tmp_path, process, port, "--epochs", "100000") for process in range(2)]
    left = pair[1 - killed]
    try:
        until = time.monotonic() + WAIT
        while len(losses(run)) < 6:
            assert left.poll() is None, left.communicate()
            assert time.monotonic() < until
            time.sleep(0.2)
        pair[killed].kill()
        _, error = left.communicate(timeout=WAIT)
    finally:
        for process in pair:
            process.kill()
        pair[killed].communicate()
    assert left.returncode == 3, error
    assert (
        f"error: process {1 - killed}: a process that trains with this one ended; start all of them again with --resume"
        in error
    )
    kept = (checkpoint_step(run, "last") or 0) // 4  # epochs
    before = losses(run)[: 2 * kept]
    assert script(TRAIN, "--run_dir", "run", "--resume", "--epochs", str(kept + 2)).code == 0
    assert kept >= 1
    assert losses(run)[: 2 * kept] == before
    assert len(losses(run)) == 2 * (kept + 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mesh", "4"], "--mesh must read like data=4 or data=4,model=2, got '4'"),
        (["--mesh", "data=2,data=2"], "--mesh must read like data=4 or data=4,model=2, got 'data=2,data=2'"),
        (["--mesh", "data=0"], "--mesh must read like data=4 or data=4,model=2, got 'data=0'"),
        (["--mesh", "data=7"], "the mesh must divide the"),
        (["--coordinator", "localhost:1"], "--coordinator needs --mesh"),
        (["--mesh", "data=2", "--coordinator", "localhost:1"], "got no --num_processes"),
        (["--mesh", "data=1", "--process_id", "1"], "--process_id is for --coordinator address:port"),
        (
            ["--mesh", "data=2", "--coordinator", "localhost:1", "--num_processes", "2", "--process_id", "2"],
            "--process_id must be one of the --num_processes 2, counted from 0, got 2",
        ),
    ],
)
def test_devices_that_cannot_be(script: Script, tmp_path: Path, arguments: list[str], message: str) -> None:
    outcome = script(TRAIN, *FAST, *arguments)
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert message in outcome.err
    assert not list(tmp_path.iterdir())


def test_a_batch_that_the_devices_do_not_divide(tmp_path: Path) -> None:
    flags = f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count=3"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": flags}
    command = [sys.executable, str(ROOT / TRAIN), *FAST, "--mesh", "data=3"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--batch_size must be a multiple of the 3 devices of --mesh data=3, got 500: take 501" in done.stderr
