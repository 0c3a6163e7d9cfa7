"""Train many VAEs as one program, and compare them.

jaxvae sweep --objective.beta 0.25 0.5 1 2 4 --seeds 3          # a rate-distortion curve
jaxvae sweep --latent_dim 2 4 8 16 --folds 5                    # cross-validation
jaxvae sweep --prior StandardNormal Vamp --learning_rate 1e-3 3e-4 --seeds 4
"""

import shlex
import sys

from jaxvae.cli.console import FlagConsole
from jaxvae.cli.experiment import experiment_parser
from jaxvae.invoked import invoked
from jaxvae.report.rate_distortion import save_rate_distortion
from jaxvae.report.table import sweep_table
from jaxvae.report.terminal import SweepBar
from jaxvae.runs.evaluate import write_document
from jaxvae.runs.subject import say_notes
from jaxvae.runs.sweep import (
    CONTEXT,
    CSV,
    CURVE,
    SUMMARY,
    Row,
    SweepFlags,
    context,
    plan,
    programs,
    run_program,
    summary,
    sweep_directory,
    write_rows,
)


def main() -> None:
    """Train every combination of the values of flags, and write the figures of each and of all."""
    parser = experiment_parser(
        "Train every combination of the values of flags (any flag may have several), those of one shape as one "
        "compiled program.",
        SweepFlags,
    )
    flags, jobs = plan(parser, sys.argv[1:])
    chunks = programs(jobs)
    folder = sweep_directory(flags)
    command = f"{invoked('sweep')} {shlex.join(sys.argv[1:])}"
    write_document(folder / CONTEXT, context(command, flags, jobs[0]))

    console, axes = FlagConsole(), list(jobs[0].labels)
    say_notes(jobs[0].setup, console)
    rows: list[Row] = []
    with SweepBar(console, len(chunks)) as bar:
        for chunk in chunks:
            bar.start(len(chunk), chunk[0].setup.training.num_epochs)
            for row in run_program(chunk, flags.num_samples, bar.update):
                rows.append(row)
                write_rows(folder / CSV, rows)
    lines = summary(rows, axes)
    write_rows(folder / SUMMARY, lines)
    has_curve = save_rate_distortion(folder / CURVE, lines, axes)
    console.print(sweep_table(lines, axes))
    console.print(f"files  {folder}/: {CSV}, {SUMMARY}, {CONTEXT}{f', {CURVE}' if has_curve else ''}", soft_wrap=True)
