"""Train a VAE and look at it.

jaxvae train                                                  # handwritten digits, no download
jaxvae train --likelihood Normal --dequantize --objective.beta 4
jaxvae train --config experiments/configs/leaky_128.yaml      # MNIST
"""

import sys

from jsonargparse import ArgumentParser

from jaxvae.cli.console import FlagConsole
from jaxvae.cli.experiment import config_text, earlier_parts, experiment_parser, parse_experiment
from jaxvae.cli.flags import construct, pick
from jaxvae.cli.output import TerminalReporter, show_evaluation, show_summary
from jaxvae.cli.setup import set_up_from
from jaxvae.runs.device_flags import DeviceFlags
from jaxvae.runs.devices import devices, is_first
from jaxvae.runs.directory import choose_run_directory
from jaxvae.runs.evaluate import evaluate_run
from jaxvae.runs.metric_groups import chosen_groups
from jaxvae.runs.results import save_pictures
from jaxvae.runs.run_flags import RunFlags
from jaxvae.runs.train import Beginning, train_run


def make() -> ArgumentParser:
    """The parser of the command."""
    parser = experiment_parser("Train a variational autoencoder, evaluate it and leave a run directory.")
    parser.add_class_arguments(DeviceFlags)
    return parser


def main() -> None:
    """Train, evaluate on the test set, and leave a run directory."""
    parser = make()
    flags = parse_experiment(parser, sys.argv[1:])

    def config(beginning: Beginning) -> str:
        earlier = earlier_parts(beginning.run_dir, flags, beginning.epoch) if run.resume else ""
        return config_text(parser, flags, beginning.setup, beginning.num_samples, earlier)

    with devices(pick(DeviceFlags, flags.as_dict()), flags.batch_size, flags.accumulate):
        values = construct(parser, flags)
        run: RunFlags = pick(RunFlags, values)
        console = FlagConsole(quiet=not is_first())
        reporter = TerminalReporter(console)
        choose_run_directory(run, values["data"])  # a folder that is refused, before any data are read
        trained = train_run(set_up_from(values), run, config=config, reporter=reporter)
    if not is_first():
        return
    groups = chosen_groups(None, trained)
    show_evaluation(trained, evaluate_run(trained, reporter=reporter), groups, console)
    save_pictures(trained, run.code_density)
    show_summary(trained, console)
