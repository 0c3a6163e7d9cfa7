"""Train a VAE and look at it.

python experiments/train.py                                                  # handwritten digits, no download
python experiments/train.py --likelihood Normal --dequantize --objective.beta 4
python experiments/train.py --config experiments/configs/leaky_128.yaml      # MNIST
"""

import sys

from rich.console import Console

from jaxvae.cli.devices import DeviceFlags, devices, is_first
from jaxvae.cli.evaluation import evaluate_run
from jaxvae.cli.experiment import config_text, experiment_parser, parse_experiment
from jaxvae.cli.flags import construct, pick, run_script
from jaxvae.cli.results import save_pictures, show_summary
from jaxvae.cli.run_directory import RunFlags, check_code_density, choose_run_directory, open_run_directory
from jaxvae.cli.setup import check_epochs, check_traces, first_state, set_up, warm_up_warning
from jaxvae.cli.subject import EvaluationFlags, warn
from jaxvae.cli.train_run import train_run
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
        console = Console(quiet=not is_first())
        run_dir = choose_run_directory(run, values["data"])

        setup = set_up(values)
        check_code_density(run, setup.training.objective, setup.training.model)
        check_traces(setup)  # a mistake in a component shows before anything is compiled or written
        state = first_state(setup, run.seed)
        if run.resume:
            state = restore_checkpoint(run_dir, "last", state)
        check_epochs(setup.training, state, at_least=2 if run.profile else 0)
        run_dir = open_run_directory(run_dir, config_text(parser, flags, setup), run)

        if (warning := warm_up_warning(setup)) is not None:
            warn(console, warning)
        train_run(run_dir, setup, state, console, profile=run.profile)
        best = on_one_device(restore_checkpoint(run_dir, "best", state))
    if not is_first():
        return
    evaluate_run(run_dir, setup, best, run.seed, EvaluationFlags(num_samples=run.num_samples), console)
    save_pictures(run_dir, setup, best, run.seed, run.code_density)
    show_summary(run_dir, console)


if __name__ == "__main__":
    run_script(main)
