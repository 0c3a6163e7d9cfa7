"""What a command shows of a run on the terminal."""

import importlib.util
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rich.console import Console

from jaxvae.invoked import invoked
from jaxvae.report.table import evaluation_table, sweep_table
from jaxvae.report.terminal import ExampleBar, SweepBar, TrainingBar
from jaxvae.runs.draws import MOST_DRAWS
from jaxvae.runs.folder import CONFIG
from jaxvae.runs.reporter import EpochsBar, ExamplesBar, ProgramsBar
from jaxvae.runs.sweep import Sweep
from jaxvae.runs.trained import TrainedRun
from jaxvae.runs.verdict import verdict


class TerminalReporter:
    """A `jaxvae.runs.reporter.Reporter` that writes to a console, with live bars where that is a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def line(self, text: str) -> None:
        """One line."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def warning(self, text: str) -> None:
        """One line that says that it is a warning."""
        self.line(f"warning: {text}")

    def interrupted(self, run_dir: Path) -> None:
        """How to go on."""
        self._console.print(f"go on with: {invoked('train')} --run_dir {run_dir} --resume", soft_wrap=True)

    def epochs(self, monitor: str, total: int, done: int) -> AbstractContextManager[EpochsBar]:
        """A bar with scores and the time left."""
        return TrainingBar(self._console, monitor, total, done)

    def examples(self, what: str, total: int) -> AbstractContextManager[ExamplesBar]:
        """A bar with the time left."""
        return ExampleBar(self._console, what, total)

    def programs(self, total: int) -> AbstractContextManager[ProgramsBar]:
        """A bar for each program."""
        return SweepBar(self._console, total)


def show_evaluation(run: TrainedRun, document: dict[str, Any], metrics: tuple[str, ...], console: Console) -> None:
    """The table of an evaluation, what is wrong with the run, and how to bound log p(x) better."""
    console.print()
    if {"likelihood", "latents"} & set(metrics) and (line := verdict(document, run.setup, run.state)) is not None:
        console.print(line, style="bold red", markup=False, highlight=False, soft_wrap=True)
    console.print(evaluation_table(document))
    if "likelihood" in metrics and (line := _bound_line(run.run_dir, document)) is not None:
        console.print(line, highlight=False, soft_wrap=True)


def _bound_line(run_dir: Path, document: dict[str, Any]) -> str | None:
    """A line for log p(x) with fewer draws than papers use, and the command for more; else None."""
    entry = document.get("log_marginal", {})
    is_estimate = entry.get("value") is not None and "note" not in entry  # the note says that it is the ELBO itself
    if not is_estimate or entry["num_samples"] >= MOST_DRAWS:
        return None
    return (
        f"log p(x) by {entry['num_samples']:,} draws is a lower bound that more draws raise; by {MOST_DRAWS:,}:\n"
        f"       {invoked('evaluate')} {run_dir} --num_samples {MOST_DRAWS}"
    )


def show_summary(run: TrainedRun, console: Console) -> None:
    """Print where the files are, how to view them, and how to train the model again with another seed."""
    run_dir = run.run_dir
    files = ", ".join(path.name for path in sorted(run_dir.iterdir()) if not path.name.startswith("events."))
    console.print(f"files  {run_dir}/: {files}, TensorBoard events", highlight=False, soft_wrap=True)
    install = "" if importlib.util.find_spec("tensorboard") else "pip install tensorboard && "
    again = f"{invoked('train')} --config {run_dir / CONFIG} --seed {run.seed + 1}"
    console.print(f"next   {install}tensorboard --logdir {run_dir.parent}", highlight=False, soft_wrap=True)
    console.print(f"       {again}", highlight=False, soft_wrap=True)


def show_sweep(sweep: Sweep, console: Console) -> None:
    """The table of a sweep, and where its files are."""
    console.print(sweep_table(sweep.lines, sweep.axes))
    console.print(f"files  {sweep.folder}/: {', '.join(sweep.files)}", soft_wrap=True)
