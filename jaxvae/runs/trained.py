"""A run that was trained, as evaluation and pictures read it."""

from pathlib import Path
from typing import NamedTuple

from jaxvae.runs.draws import draws_by_size
from jaxvae.runs.first_state import first_state
from jaxvae.runs.run_flags import RunFlags
from jaxvae.runs.setup import Setup
from jaxvae.training import TrainState
from jaxvae.training.checkpoint import restore_checkpoint


class TrainedRun(NamedTuple):
    """A run that was trained, at its best epoch."""

    run_dir: Path
    setup: Setup
    state: TrainState
    """Of the best epoch."""
    seed: int
    num_samples: int
    """Importance samples an example for log p(x), as the run says or by sizes [samples]."""


def load_trained(run_dir: Path | str, setup: Setup, run: RunFlags) -> TrainedRun:
    """The run in a folder, at its best checkpoint.

    Args:
        run_dir: of the run.
        setup: what it was trained on, described again.
        run: its seed and its number of samples count.

    Raises:
        UserError: if there is no checkpoint, or one of another model.
    """
    run_dir = Path(run_dir)
    best = restore_checkpoint(run_dir, "best", first_state(setup, run.seed))
    return TrainedRun(run_dir, setup, best, run.seed, num_samples_of(run, setup))


def num_samples_of(run: RunFlags, setup: Setup) -> int:
    """Importance samples an example for the final log p(x): as the run says, else by sizes [samples]."""
    return draws_by_size(setup) if run.num_samples is None else run.num_samples
