"""The flags of an experiment and its configuration file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser, Namespace

from jaxvae.cli.flags import make_parser, parse
from jaxvae.cli.run_directory import CONFIG, HEADER, RunFlags
from jaxvae.cli.setup import DataFlags, Setup
from jaxvae.data.load import is_path
from jaxvae.errors import UserError
from jaxvae.training import Optimizer, Training
from jaxvae.vae import VAE

_NAMED = {"code_density", "epochs", "num_samples", "patience"}
_CHANGEABLE = {"config", "data_dir", "run_dir", "resume", "overwrite"}  # not what is trained


def experiment_parser(description: str) -> ArgumentParser:
    """All flags of an experiment, taken from the dataclasses that they build."""
    parser = make_parser(description, with_components=True)
    parser.add_argument("--config", action="config", help="YAML file of flags, such as a run's own config.yaml")
    parser.add_class_arguments(DataFlags)
    parser.add_class_arguments(VAE, skip={"data_shape"})
    parser.add_class_arguments(Training, skip={"model", "preprocessing", "optimizer"})
    parser.add_class_arguments(Optimizer)
    parser.add_class_arguments(RunFlags)
    return parser


def parse_experiment(parser: ArgumentParser, argv: Sequence[str]) -> Namespace:
    """The flags; `--resume` starts from the configuration of the run that it resumes."""
    flags = parse(parser, argv)
    if not (flags.resume and flags.run_dir and (config := Path(flags.run_dir) / CONFIG).is_file()):
        return flags
    before = parse(parser, ["--config", str(config)])
    flags = parse(parser, ["--config", str(config), *argv])
    changeable = {*_CHANGEABLE, *_NAMED}
    if before.decay == "cosine" and before.decay_steps is None:
        changeable.remove("epochs")  # they are the length of the cosine
    for name, value in flags.as_dict().items():
        if name not in changeable and value != before.as_dict()[name]:
            raise UserError(
                f"--resume goes on with the run as it is and can change {', '.join(sorted(changeable & _NAMED))} only, "
                f"got another --{name}: leave it out, or start another run"
            )
    return flags


def config_text(parser: ArgumentParser, flags: Namespace, setup: Setup) -> str:
    """Every value of a run as YAML, those that were left to the data or the likelihood resolved."""
    preprocessing = setup.training.preprocessing
    resolved: dict[str, Any] = {"binarize": preprocessing.binarize, "scale": preprocessing.scale}
    resolved |= {"run_dir": None, "overwrite": False, "resume": False}  # repeating a run makes another folder
    if is_path(flags.data):
        resolved["data"] = str(Path(flags.data).expanduser().resolve())  # found again from any folder
    if flags.data_dir is not None:
        resolved["data_dir"] = str(Path(flags.data_dir).expanduser().resolve())
    config = flags.clone()
    config.pop("config", None)
    for name, value in resolved.items():
        config[name] = value
    return HEADER + parser.dump(config, skip_unset=False)
