"""The families of components that flags choose from, and a page that explains every one of them."""

import dataclasses
import importlib
import inspect
from collections.abc import Iterator
from typing import Any

from docstring_parser import parse

from jaxvae.bijectors import Bijector
from jaxvae.likelihoods import Likelihood
from jaxvae.missingness import Missingness
from jaxvae.networks import Network
from jaxvae.objectives import Objective, Schedule
from jaxvae.posteriors import Posterior, TemperatureSchedule
from jaxvae.priors import Prior

FAMILIES: dict[str, type] = {
    "encoder": Network,
    "decoder": Network,
    "encoder.network": Network,
    "decoder.network": Network,
    "posterior": Posterior,
    "prior": Prior,
    "missingness": Missingness,
    "posterior.base": Posterior,
    "prior.base": Prior,
    "posterior.bijector": Bijector,
    "prior.bijector": Bijector,
    "posterior.bijector.network": Network,
    "prior.bijector.network": Network,
    "posterior.network": Network,
    "prior.network": Network,
    "prior.prior": Prior,
    "likelihood": Likelihood,
    "likelihood.likelihood": Likelihood,
    "objective": Objective,
    "objective.objective": Objective,
    "objective.schedule": Schedule,
    "objective.objective.schedule": Schedule,
    "posterior.temperature": TemperatureSchedule,
    "objective.discriminator": Network,
}
"""Flag → the base class of what it takes."""


def _subclasses(family: type) -> Iterator[type]:
    for cls in family.__subclasses__():
        yield cls
        yield from _subclasses(cls)


def choices(family: type) -> dict[str, type]:
    """The components that the package of a family exports, by name; a user's are given by import path."""
    package = importlib.import_module(family.__module__.rpartition(".")[0])
    return {
        cls.__name__: cls
        for cls in _subclasses(family)
        if getattr(package, cls.__name__, None) is cls and dataclasses.is_dataclass(cls)
    }


def options(cls: type) -> dict[str, str]:
    """The fields of a component, each with its explanation and default."""
    doc = parse(inspect.getdoc(cls) or "")
    texts = {param.arg_name: " ".join((param.description or "").split()) for param in doc.params}
    return {
        field.name: f"{texts.get(field.name, '')} (default: {_default(field)})"
        for field in dataclasses.fields(cls)
        if field.init
    }


def _default(field: dataclasses.Field[Any]) -> str:
    return "required" if field.default is dataclasses.MISSING else str(field.default)


def components_page() -> str:
    """Every component of every family with its options, for the end of `--help`."""
    lines = ["components (name your own class by its import path: --prior my_module.MyPrior --prior.scale 2):"]
    for family in dict.fromkeys(FAMILIES.values()):
        flags = [flag for flag, its_family in FAMILIES.items() if its_family is family]
        for name, cls in choices(family).items():
            summary = parse(inspect.getdoc(cls) or "").short_description or ""
            lines.append(f"  {', '.join(f'--{flag}' for flag in flags)} {name}: {summary}")
            lines += [f"      --{flags[0]}.{option}: {text}" for option, text in options(cls).items()]
    return "\n".join(lines)
