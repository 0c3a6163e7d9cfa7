"""A whole run: from descriptions to a folder with checkpoints and a log."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from jaxvae.runs.code_density import check_code_density
from jaxvae.runs.data import check_same_data, describe_data
from jaxvae.runs.directory import choose_run_directory, open_run_directory
from jaxvae.runs.first_state import first_state
from jaxvae.runs.fitting import fit_run
from jaxvae.runs.folder import FROM_PYTHON
from jaxvae.runs.reporter import SILENT, Reporter
from jaxvae.runs.run_flags import RunFlags
from jaxvae.runs.setup import Setup
from jaxvae.runs.setup_checks import check_epochs, check_start, check_traces, warm_up_warning
from jaxvae.runs.start import start_from, with_prior_of_codes
from jaxvae.runs.trained import TrainedRun, num_samples_of
from jaxvae.training.checkpoint import restore_checkpoint
from jaxvae.training.mesh import on_one_device


class Beginning(NamedTuple):
    """A run just before its first step, for what is written of it in `config.yaml`."""

    run_dir: Path
    setup: Setup
    epoch: int
    """Epochs before this training: 0 unless it is resumed."""
    num_samples: int
    """Importance samples an example for the final log p(x) [samples]."""


def described_in_python(beginning: Beginning) -> str:
    """A `config.yaml` of comments alone: the descriptions as Python shows them, which no command line reads back."""
    described = {"data": beginning.setup.dataset.name, "num_samples": beginning.num_samples}
    described |= {"training": beginning.setup.training}
    return FROM_PYTHON + "".join(f"# {name}: {' '.join(repr(value).split())}\n" for name, value in described.items())


def train_run(
    setup: Setup,
    run: RunFlags,
    *,
    config: Callable[[Beginning], str] = described_in_python,
    reporter: Reporter = SILENT,
) -> TrainedRun:
    """Train into a folder; leaves `config.yaml`, `data.json`, `metrics.jsonl`, event files and checkpoints.

    Nothing is written before the model was traced, so a mistake in a component leaves no folder.

    Args:
        setup: what is trained on what, from `set_up`.
        run: the seed, the folder, and where the training starts.
        config: makes the text of `config.yaml`; by default comments, since descriptions are not made of flags.
        reporter: who is told of it.

    Returns:
        The run at its best epoch, for `evaluate_run`.

    Raises:
        UserError: for a folder that holds something else, a model that cannot be trained, or no finite loss.
    """
    run_dir = choose_run_directory(run, setup.dataset.name)
    for note in setup.notes:
        reporter.line(f"data: {note}")
    check_code_density(run.code_density, setup.training.objective, setup.training.model)
    check_start(setup, has_codes=run.resume or run.init_from is not None)
    check_traces(setup)  # a mistake in a component shows before anything is compiled or written
    state, data = first_state(setup, run.seed), describe_data(setup.dataset)
    if run.resume:
        check_same_data(run_dir, data, "give `data` with the old ones, or start another run")
        state = restore_checkpoint(run_dir, "last", state)
    elif run.init_from is not None:
        state, line = start_from(state, Path(run.init_from))
        reporter.line(line)
        state = with_prior_of_codes(setup, state, run.seed)
    check_epochs(setup.training, state, at_least=2 if run.profile else 0)
    num_samples = num_samples_of(run, setup)
    text = config(Beginning(run_dir, setup, int(state.epoch), num_samples))
    run_dir = open_run_directory(run_dir, text, data, run)
    if (warning := warm_up_warning(setup)) is not None:
        reporter.warning(warning)
    fit_run(run_dir, setup, state, reporter, profile=run.profile)
    best = on_one_device(restore_checkpoint(run_dir, "best", state))
    return TrainedRun(run_dir, setup, best, run.seed, num_samples)
