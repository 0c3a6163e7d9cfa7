"""Training with its surroundings: the bar, the log, the checkpoints."""

import itertools
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import jax
import numpy as np
from jax.experimental import multihost_utils

from jaxvae.observation import number_of
from jaxvae.runs.devices import is_first
from jaxvae.runs.folder import PROFILE
from jaxvae.runs.reporter import Reporter
from jaxvae.runs.setup import Setup
from jaxvae.training import Epoch, Training, TrainState, fit
from jaxvae.training.checkpoint import checkpoint_step, save_checkpoint
from jaxvae.training.log import MetricsLog
from jaxvae.training.mesh import place_examples

SECONDS_BETWEEN_CHECKPOINTS = 30.0  # a killed run loses at most so much work


def fit_run(run_dir: Path, setup: Setup, state: TrainState, reporter: Reporter, *, profile: bool = False) -> None:
    """Train from `state` on; leaves `metrics.jsonl`, event files, and the checkpoints `best` and `last`.

    Checkpoints are also written if training stops early for any reason, so nothing is lost but the epoch that was
    and for data on disk not even that. With `profile` the second epoch, which compiles nothing, is recorded.
    A line says where early stopping ended it.
    """
    training, examples = setup.training, place_examples(setup.dataset.train.training_examples())
    validation = training.preprocessing.examples(setup.dataset.validation, "validation")
    steps, start, first_step = training.steps_per_epoch(number_of(examples)), int(state.epoch), int(state.step)
    best: TrainState | None = None
    saved_at = -SECONDS_BETWEEN_CHECKPOINTS  # so that the first time is at once

    def save() -> None:
        if best is not None:
            save_checkpoint(run_dir, "best", best)  # first: a kill in between must not leave a `last` beyond its best
        if int(state.step) > first_step:
            save_checkpoint(run_dir, "last", state)

    def keep(at: TrainState) -> None:
        nonlocal state, saved_at
        state = at
        if _for_all(time.perf_counter() - saved_at > SECONDS_BETWEEN_CHECKPOINTS):
            save()
            saved_at = time.perf_counter()

    with (
        MetricsLog(run_dir, resume_at_epoch=start) if is_first() else nullcontext() as log,
        reporter.epochs(training.objective.monitor, training.num_epochs, start) as bar,
    ):
        try:
            epochs = fit(training, state, examples, validation, during=keep)
            for epoch in _recorded(epochs, run_dir / PROFILE) if profile else epochs:
                state = epoch.state
                best = state if epoch.improved else best
                if log is not None:
                    log.write(epoch, steps)
                bar.update(epoch, steps / epoch.seconds)
                keep(state)
        finally:
            if jax.process_count() == 1 or sys.exception() is None:  # several write together or not at all
                save()
            if is_first() and checkpoint_step(run_dir, "last") is None:
                shutil.rmtree(run_dir)  # it holds nothing to resume
            elif int(state.epoch) < training.num_epochs and isinstance(sys.exception(), KeyboardInterrupt):
                reporter.interrupted(run_dir)
    if (line := stop_line(training, state)) is not None:
        goes_on = "" if int(state.step) > first_step else "; add `patience='never'` to go on"
        reporter.line(line + goes_on)


def stop_line(training: Training, state: TrainState) -> str | None:
    """A line for a run that stopped early, else None."""
    epoch, waited = int(state.epoch), int(state.epochs_since_best)
    if epoch >= training.num_epochs or training.goes_on(epoch, waited):
        return None
    return (
        f"stopped after epoch {epoch} of {training.num_epochs}: no better validation score for {waited} epochs; best "
        f"epoch {epoch - waited}"
    )


def _for_all(decision: bool) -> bool:
    """The decision of the first process: common steps must not depend on the clock of each process."""
    return decision if jax.process_count() == 1 else bool(multihost_utils.broadcast_one_to_all(np.asarray(decision)))


def _recorded(epochs: Iterator[Epoch], folder: Path) -> Iterator[Epoch]:
    """The same epochs, the second of them under JAX's profiler."""
    yield from itertools.islice(epochs, 1)
    with jax.profiler.trace(str(folder)):
        second = next(epochs, None)
    if second is not None:
        yield second
        yield from epochs
