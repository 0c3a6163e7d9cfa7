"""Train a VAE and look at it.

jaxvae train                                                  # handwritten digits, no download
jaxvae train --likelihood Normal --dequantize --objective.beta 4
jaxvae train --config experiments/configs/leaky_128.yaml      # MNIST
"""

import sys
from pathlib import Path

from jaxvae.cli.console import FlagConsole
from jaxvae.cli.experiment import config_text, earlier_parts, experiment_parser, parse_experiment
from jaxvae.cli.flags import construct, pick
from jaxvae.runs.data import check_same_data, describe_data
from jaxvae.runs.devices import DeviceFlags, devices, is_first
from jaxvae.runs.directory import RunFlags, check_code_density, choose_run_directory, open_run_directory
from jaxvae.runs.draws import draws_by_size
from jaxvae.runs.evaluate import evaluate_run
from jaxvae.runs.results import save_pictures, show_summary
from jaxvae.runs.setup import check_epochs, check_traces, first_state, set_up, warm_up_warning
from jaxvae.runs.start import start_from
from jaxvae.runs.subject import EvaluationFlags, say_notes, warn
from jaxvae.runs.train import train_run
from jaxvae.training.checkpoint import restore_checkpoint
from jaxvae.training.mesh import on_one_device


def main() -> None:
    """Train, evaluate on the test set, and leave a run directory."""
    parser = experiment_parser("Train a variational autoencoder, evaluate it and leave a run directory.")
    parser.add_class_arguments(DeviceFlags)
    flags = parse_experiment(parser, sys.argv[1:])
    with devices(pick(DeviceFlags, flags.as_dict()), flags.batch_size, flags.accumulate):
        values = construct(parser, flags)
        run = pick(RunFlags, values)
        console = FlagConsole(quiet=not is_first())
        run_dir = choose_run_directory(run, values["data"])

        setup = set_up(values)
        say_notes(setup, console)
        check_code_density(run, setup.training.objective, setup.training.model)
        check_traces(setup)  # a mistake in a component shows before anything is compiled or written
        state, earlier, data = first_state(setup, run.seed), "", describe_data(setup.dataset)
        if run.resume:
            check_same_data(run_dir, data, "give --data with the old ones, or start another run")
            state = restore_checkpoint(run_dir, "last", state)
            earlier = earlier_parts(run_dir, flags, int(state.epoch))
        elif run.init_from is not None:
            state, line = start_from(state, Path(run.init_from))
            console.print(line, highlight=False, soft_wrap=True)
        check_epochs(setup.training, state, at_least=2 if run.profile else 0)
        num_samples = draws_by_size(setup) if run.num_samples is None else run.num_samples
        config = config_text(parser, flags, setup, num_samples, earlier)
        run_dir = open_run_directory(run_dir, config, data, run)

        if (warning := warm_up_warning(setup)) is not None:
            warn(console, warning)
        train_run(run_dir, setup, state, console, profile=run.profile)
        best = on_one_device(restore_checkpoint(run_dir, "best", state))
    if not is_first():
        return
    evaluate_run(run_dir, setup, best, run.seed, EvaluationFlags(num_samples=num_samples), console)
    save_pictures(run_dir, setup, best, run.seed, run.code_density)
    show_summary(run_dir, run.seed, console)
