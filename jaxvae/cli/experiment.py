"""The flags of an experiment and its configuration file."""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ArgumentParser, Namespace

from jaxvae.cli.call_options import CALLED
from jaxvae.cli.described import described
from jaxvae.cli.flags import make_parser, parse
from jaxvae.data.load import is_path
from jaxvae.errors import UserError
from jaxvae.likelihoods import Likelihood
from jaxvae.runs.compute_flags import ComputeFlags
from jaxvae.runs.data_flags import DataFlags
from jaxvae.runs.device_flags import DeviceFlags
from jaxvae.runs.folder import CONFIG, HEADER
from jaxvae.runs.own_model import unused_flags
from jaxvae.runs.run_flags import RunFlags
from jaxvae.runs.setup import Setup
from jaxvae.training import Optimizer, Training
from jaxvae.training.optimizer import NAMES, OF_THE_CHAIN, Name
from jaxvae.vae import VAE

_NAMED = {"code_density", "epochs", "learning_rate", "num_samples", "patience"}
_PART = "# until epoch "  # begins a line of config.yaml on an earlier part of the training
_CHANGEABLE = {"config", "data", "data_dir", "run_dir", "resume", "overwrite", "profile"}  # do not change the training
_DEVICES = {field.name for field in dataclasses.fields(DeviceFlags)}  # neither do the devices


def experiment_parser(description: str, run_flags: type = RunFlags) -> ArgumentParser:
    """All flags of an experiment, taken from the dataclasses that they build; `run_flags` says where it is kept."""
    parser = make_parser(description, with_components=True)
    parser.add_argument("--config", action="config", help="YAML file of flags, such as a run's own config.yaml")
    parser.add_class_arguments(DataFlags)
    parser.add_class_arguments(VAE, skip={"data_shape", "likelihood", "condition"})
    model = parser._action_groups[-1]
    model.add_argument(
        "--model",
        type=str | None,
        help="import path of a jaxvae.Model of yours, in the place of the VAE; it gets the data's shape and, by name, "
        "the flags that are its fields, and has options of its own as --model.name value",
    )
    model.add_argument(
        "--likelihood", type=Likelihood | None, help="family of p(x|z); by default one that fits the data"
    )
    parser.add_class_arguments(ComputeFlags)
    parser.add_class_arguments(Training, skip={"model", "preprocessing", "optimizer"})
    parser.add_class_arguments(Optimizer, skip={"optimizer"})
    parser._action_groups[-1].add_argument(
        "--optimizer",
        type=Name | str,
        default=Optimizer.optimizer,
        help=f"one of {', '.join(NAMES)}, or the import path of a function of yours that returns a transformation of "
        f"Optax, whose options are --optimizer.name value",
    )
    parser.add_class_arguments(run_flags)
    for name in {field.name for field in dataclasses.fields(RunFlags)} - {
        field.name for field in dataclasses.fields(run_flags)
    }:
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)  # is in a run's config.yaml
    return parser


def parse_experiment(parser: ArgumentParser, argv: Sequence[str]) -> Namespace:
    """The flags; `--resume` starts from the configuration of the run that it resumes."""
    config = _config_to_resume(argv)
    if config is None:
        return parse(parser, argv)
    before = parse(parser, ["--config", str(config)])
    changeable = {*_CHANGEABLE, *_DEVICES, *_NAMED}
    if before.decay == "cosine" and before.decay_steps is None:
        changeable.remove("epochs")  # they are the length of the cosine
    rule = f"--resume goes on with the run as it is and can change {', '.join(sorted(changeable & _NAMED))} only"
    fix = "leave it out, or start another run"
    for name in (word.split("=")[0].removeprefix("--") for word in argv if word.startswith("--")):
        if name.split(".")[0] not in CALLED and (owner := _lacks(before, name)) is not None:
            raise UserError(f"{rule}; the run has {owner}, got --{name}: {fix}")
    flags = parse(parser, ["--config", str(config), *argv])
    for name, value in flags.as_dict().items():
        if name not in changeable and (change := _difference(name, before.as_dict()[name], value)) is not None:
            raise UserError(f"{rule}, got {change}: {fix}")
    return flags


def _config_to_resume(argv: Sequence[str]) -> Path | None:
    """The configuration of the run that `--resume` continues, if there is one; nothing is checked yet."""
    flags = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    flags.add_argument("--run_dir")
    flags.add_argument("--resume", nargs="?", const="true", default="false")
    try:
        found, _ = flags.parse_known_args(argv)
    except argparse.ArgumentError:  # a flag without its value, which the parser of all flags refuses
        return None
    is_resumed = found.run_dir and found.resume.lower() == "true"
    return path if is_resumed and (path := Path(found.run_dir) / CONFIG).is_file() else None


def _lacks(before: Namespace, flag: str) -> str | None:
    """What a run has instead of the component of a flag's option; None if it has that option."""
    owner, *options = flag.split(".")
    component, name = before.get(owner), f"no --{owner}"
    for option in options:
        if not isinstance(component, Namespace):
            return f"{name}, which has no options" if owner in before else None
        name = component.class_path.rsplit(".", 1)[-1]
        arguments = component.get("init_args", Namespace())
        if option not in arguments:
            return f"{name}, which has no {option}"
        component, name = arguments[option], f"{name}.{option} = {arguments[option]}"
    return None


def _difference(name: str, before: Any, after: Any) -> str | None:
    """The first flag in which two values differ, with both; None if they are equal."""
    if before == after:
        return None
    if isinstance(before, dict) and isinstance(after, dict) and before.get("class_path") == after.get("class_path"):
        pairs = ((option, value, after["init_args"][option]) for option, value in before["init_args"].items())
        return next(found for pair in pairs if (found := _difference(f"{name}.{pair[0]}", *pair[1:])) is not None)
    return f"--{name} {_shown(after)}, which is {_shown(before)} in the run"


def _shown(value: Any) -> str:
    return value["class_path"].rsplit(".", 1)[-1] if isinstance(value, dict) and "class_path" in value else str(value)


def earlier_parts(run_dir: Path, flags: Namespace, epoch: int) -> str:
    """Comments on the parts of the training that a resumed run trained with another learning rate."""
    text = (run_dir / CONFIG).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith(_PART)]
    before = yaml.safe_load(text).get("learning_rate")  # which a chain of the user's says itself
    if before is not None and before != flags.learning_rate:
        lines.append(f"{_PART}{epoch}: learning_rate {before}")
    return "".join(f"{line}\n" for line in lines)


def config_text(parser: ArgumentParser, flags: Namespace, setup: Setup, num_samples: int, earlier: str = "") -> str:
    """Every value of a run as YAML; values left to the data, the likelihood or sizes are resolved.

    Args:
        parser: the parser of all flags.
        flags: the flags of the run.
        setup: what the flags describe.
        num_samples: samples for the final log p(x).
        earlier: comments on earlier parts of the training, from `earlier_parts`.
    """
    training, preprocessing = setup.training, setup.training.preprocessing
    resolved: dict[str, Any] = {"binarize": preprocessing.binarize, "scale": preprocessing.scale}
    resolved |= {"epochs": training.num_epochs, "patience": training.patience, "num_samples": num_samples}
    resolved |= {"run_dir": None, "overwrite": False}  # repeating a run makes another folder
    resolved |= {"resume": False, "profile": False}
    if (condition := getattr(training.model, "condition", None)) is not None:
        resolved["condition_kinds"] = list(condition.columns)  # so that other data have as many classes
    if is_path(flags.data):
        resolved["data"] = str(Path(flags.data).expanduser().resolve())  # found again from any folder
        resolved["maximum"] = preprocessing.maximum  # so that grey levels and columns of other data mean the same
        resolved["offsets"] = list(setup.dataset.offsets) if any(setup.dataset.offsets) else []
    if flags.init_from is not None:
        resolved["init_from"] = str(Path(flags.init_from).expanduser().resolve())
    if flags.data_dir is not None:
        resolved["data_dir"] = str(Path(flags.data_dir).expanduser().resolve())
    config = flags.clone()
    unused = OF_THE_CHAIN if training.updates.is_own else ()
    unused_by_model = () if flags.model is None else unused_flags(flags.model)
    for name in ("config", *_DEVICES, *unused, *unused_by_model):
        config.pop(name, None)
    for name, value in resolved.items():
        config[name] = value
    if config.likelihood is None:
        config.likelihood = described(training.model.likelihood)
    for component in {"posterior", "prior", "likelihood"}.difference(unused_by_model):
        _fill_in(config[component], getattr(training.model, component, None))
    _fill_in(config.objective, training.objective)
    return HEADER + earlier + parser.dump(config, skip_unset=False)


def _fill_in(flags: Namespace, component: Any) -> None:
    """Set flags that were left to the run to the numbers of a component, also in components within it."""
    options = flags.get("init_args", Namespace())
    for name, value in vars(options).items():
        found = getattr(component, name, None)
        if isinstance(value, Namespace):
            _fill_in(value, found)
        elif value is None and isinstance(found, (int, float, str)):
            options[name] = found
