"""A configuration of experiments/reproduce/ in the time of a block: as many epochs as fit, and on from a checkpoint."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gpu.block import ROOT, Settings
from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import construct, parse
from jaxvae.cli.setup import set_up_from
from jaxvae.data import load
from jaxvae.evaluation import evaluate
from jaxvae.evaluation.evaluate import examples_at_once
from jaxvae.objectives import Linear
from jaxvae.run_length import share_of_run
from jaxvae.runs.first_state import first_state
from jaxvae.runs.setup import Setup
from jaxvae.training import fit

PRECISION = "highest"
_FOR_THE_REST = 60.0  # seconds of a block to import, to compile and for pictures
_MOST_FOR_EVALUATION = 0.3  # of a block: then log p(x) takes fewer draws
_TO_END = 20.0  # seconds that a training has to save itself when its time is up
_TIMED_BATCHES = 4  # of log p(x)
_EXAMPLES = {"train": 510, "validation": 60, "test": 60}  # of a rehearsal: enough for 500 pseudo-inputs
_KEPT = ("elbo", "log_marginal", "rate", "baseline", "epoch", "test_set_sha256")


def config_of(name: str) -> Path:
    """The file of a configuration."""
    return ROOT / "experiments" / "reproduce" / f"{name}.yaml"


def configuration(name: str, settings: Settings) -> dict[str, Any]:
    """Train a configuration for as many of its epochs as fit, evaluate, and say how many they are.

    The length is chosen once, from the seconds of an epoch, and stays when a block that was cut off goes on: schedules
    of the learning rate follow it.
    """
    start = time.perf_counter()
    run_dir, plan_path = settings.state / "training", settings.state / "plan.json"
    if plan_path.is_file():
        plan = json.loads(plan_path.read_text())
    else:
        plan = _rehearsal(name, settings) if settings.small else _plan(name, settings)
        plan_path.write_text(json.dumps(plan, indent=1) + "\n")
    command = [sys.executable, "experiments/train.py", "--config", str(config_of(name).relative_to(ROOT))]
    command += [*plan["flags"], "--run_dir", str(run_dir), "--overwrite"]
    if (run_dir / "checkpoints" / "last").is_dir():  # else it was cut off before its first, and starts again
        command = [sys.executable, "experiments/train.py", "--run_dir", str(run_dir), "--resume"]
    code = _in_time(command, start + settings.seconds)
    if code is None:
        return {**plan, "done": False}
    if code:
        return {**plan, "done": False, "exit_code": code}
    evaluation = json.loads((run_dir / "evaluation.json").read_text())
    shutil.rmtree(run_dir / "checkpoints")  # what comes back is small
    return {
        **plan,
        "done": True,
        "matmul_precision": PRECISION,
        **{key: evaluation[key] for key in _KEPT if key in evaluation},
    }


def _in_time(command: list[str], end: float) -> int | None:
    """The exit code of a training, which is stopped in time to save itself; None where it was stopped."""
    # figures are compared with published ones, and a GPU would round the factors of products to 10 bits
    environment = {**os.environ, "JAX_DEFAULT_MATMUL_PRECISION": PRECISION}
    with subprocess.Popen(command, cwd=ROOT, env=environment) as training:
        try:
            return training.wait(max(end - time.perf_counter() - _TO_END, 0.0))
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            training.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                training.wait(_TO_END)
            training.kill()
    return None


def _values(name: str) -> dict[str, Any]:
    parser = experiment_parser("")
    return construct(parser, parse(parser, ["--config", str(config_of(name))]))


class _Seconds(NamedTuple):
    """As measured, on this device."""

    epoch: float
    """Validation included."""
    log_marginal: float
    """Of the whole test set."""


def _plan(name: str, settings: Settings) -> dict[str, Any]:
    """How many epochs and draws, and how long the weight of the KL rises, beside what the configuration says."""
    values, start = _values(name), time.perf_counter()
    setup = set_up_from({**values, "epochs": 3})
    seconds = _measured(setup, values["num_samples"])
    left = settings.seconds - _FOR_THE_REST - (time.perf_counter() - start)
    share = min(1.0, _MOST_FOR_EVALUATION * left / seconds.log_marginal)
    num_samples = max(min(100, values["num_samples"]), int(values["num_samples"] * share))
    epochs = max(2, min(values["epochs"], int((left - share * seconds.log_marginal) / seconds.epoch)))
    plan = {
        "epochs": epochs,
        "epochs_of_the_configuration": values["epochs"],
        "num_samples": num_samples,
        "seconds_of_an_epoch": seconds.epoch,
        "seconds_of_log_marginal": seconds.log_marginal,
        "flags": ["--epochs", str(epochs), "--num_samples", str(num_samples)],
    }
    schedule = getattr(setup.training.objective, "schedule", None)
    if isinstance(schedule, Linear) and schedule.steps is not None:
        a_fifth = share_of_run(epochs * -(-len(setup.dataset.train) // values["batch_size"]))
        if a_fifth < schedule.steps:
            plan |= {"warmup_steps_of_the_KL": a_fifth, "warmup_steps_of_the_configuration": schedule.steps}
            plan["flags"] += ["--objective.schedule.steps", str(a_fifth)]
    return plan


def _measured(setup: Setup, num_samples: int) -> _Seconds:
    """Of the third of three epochs; of log p(x) of some batches, without the first."""
    training, dataset = setup.training, setup.dataset
    validation = training.preprocessing.for_evaluation(dataset.validation.values, "validation")
    images, state = jnp.asarray(dataset.train.values), first_state(setup, 0)
    moments = []
    with jax.default_matmul_precision(PRECISION):
        for epoch in fit(training, state, images, validation):
            jax.block_until_ready(state := epoch.state)
            moments.append(time.perf_counter())
        done: list[tuple[float, int]] = []
        evaluate(
            training.model,
            training.objective,
            state.params,
            jax.random.key(0),
            validation[: _TIMED_BATCHES * examples_at_once(num_samples)],
            num_samples=num_samples,
            progress=lambda count: done.append((time.perf_counter(), count)),
        )
    an_example = (done[-1][0] - done[0][0]) / max(sum(count for _, count in done[1:]), 1)
    return _Seconds(moments[2] - moments[1], an_example * len(dataset.test))


def _rehearsal(name: str, settings: Settings) -> dict[str, Any]:
    """Two epochs of a few examples of each part of the set."""
    values = _values(name)
    dataset = load(values["data"])
    path = settings.state / "small.npz"
    parts = {part: dataset.splits[part].values[:count] for part, count in _EXAMPLES.items()}
    if values["validation_fraction"] is not None:  # it is cut off the training examples
        del parts["validation"]
    np.savez(path, **parts)
    return {
        "epochs": 2,
        "epochs_of_the_configuration": values["epochs"],
        "flags": ["--data", str(path), "--epochs", "2", "--num_samples", "5"],
    }
