"""Train many VAEs as one program, and compare them.

jaxvae sweep --objective.beta 0.25 0.5 1 2 4 --seeds 3          # a rate-distortion curve
jaxvae sweep --latent_dim 2 4 8 16 --folds 5                    # cross-validation
jaxvae sweep --prior StandardNormal Vamp --learning_rate 1e-3 3e-4 --seeds 4
"""

import shlex
import sys

from jsonargparse import ArgumentParser

from jaxvae.cli.console import FlagConsole
from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.output import TerminalReporter, show_sweep
from jaxvae.cli.sweep_plan import plan
from jaxvae.invoked import invoked
from jaxvae.runs.sweep import run_sweep
from jaxvae.runs.sweep_flags import SweepFlags


def make() -> ArgumentParser:
    """The parser of the command."""
    return experiment_parser(
        "Train every combination of the values of flags (any flag may have several), those of one shape as one "
        "compiled program.",
        SweepFlags,
    )


def main() -> None:
    """Train every combination of the values of flags, and write the figures of each and of all."""
    parser = make()
    flags, jobs = plan(parser, sys.argv[1:])
    command = f"{invoked('sweep')} {shlex.join(sys.argv[1:])}"
    console = FlagConsole()
    show_sweep(run_sweep(jobs, flags, command=command, reporter=TerminalReporter(console)), console)
