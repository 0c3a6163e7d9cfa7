"""A whole sweep: train every member, and leave figures of each and of all in a folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from jaxvae.errors import UserError
from jaxvae.report.rate_distortion import save_rate_distortion
from jaxvae.runs.documents import write_document
from jaxvae.runs.reporter import SILENT, Reporter
from jaxvae.runs.sweep_files import CONTEXT, CSV, CURVE, SUMMARY, context, sweep_directory, write_rows
from jaxvae.runs.sweep_flags import SweepFlags
from jaxvae.runs.sweep_jobs import Job, programs
from jaxvae.runs.sweep_rows import Row, run_program
from jaxvae.runs.sweep_summary import summary


class Sweep(NamedTuple):
    """What a sweep left."""

    folder: Path
    files: tuple[str, ...]
    lines: list[Row]
    """Mean and standard error of each combination."""
    axes: tuple[str, ...]
    """What was swept."""


def run_sweep(jobs: Sequence[Job], flags: SweepFlags, *, command: str = "", reporter: Reporter = SILENT) -> Sweep:
    """Train the members, those of one shape as one program, and write what they score.

    Args:
        jobs: the members, the seeds and folds of each combination included; all have labels of the same names. Those
            set up with one and the same data set can be one program.
        flags: the folder and the number of samples count.
        command: that the sweep is repeated by, for `sweep.json`.
        reporter: who is told of it.

    Raises:
        UserError: for no members, labels of different names, a folder that holds something else, or members that cannot
            be trained.
    """
    kinds = {tuple(job.labels) for job in jobs}
    if len(kinds) != 1:
        raise UserError(
            f"`jobs` must be one or more, all with labels of the same names, got {sorted(kinds)}: mend them"
        )
    chunks = programs(jobs)
    folder = sweep_directory(flags)
    write_document(folder / CONTEXT, context(command, flags, jobs[0]))
    for note in jobs[0].setup.notes:
        reporter.line(f"data: {note}")
    rows: list[Row] = []
    with reporter.programs(len(chunks)) as bar:
        for chunk in chunks:
            bar.start(len(chunk), chunk[0].setup.training.num_epochs)
            for row in run_program(chunk, flags.num_samples, bar.update):
                rows.append(row)
                write_rows(folder / CSV, rows)
    axes = tuple(jobs[0].labels)
    lines = summary(rows, axes)
    write_rows(folder / SUMMARY, lines)
    has_curve = save_rate_distortion(folder / CURVE, lines, axes)
    return Sweep(folder, (CSV, SUMMARY, CONTEXT, *([CURVE] if has_curve else [])), lines, axes)
