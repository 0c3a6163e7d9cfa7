"""The command line builds every component of every family, and the pages of components are those of the code."""

import dataclasses
from typing import Any

import pytest

from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import construct, parse
from jaxvae.objectives import Lagging, Objective, WithoutDensity
from jaxvae.runs.components import FAMILIES, choices
from tests.conftest import ROOT, module_of_script

OWNERS = {  # what has to be chosen first for a flag to exist
    "posterior.base": "Flow", "prior.base": "Flow", "posterior.bijector": "Flow", "prior.bijector": "Flow",
    "posterior.bijector.network": "Flow --posterior.bijector AffineCoupling",
    "prior.bijector.network": "Flow --prior.bijector AffineCoupling",
    "encoder.network": "Leading", "decoder.network": "Leading", "prior.network": "LARS",
    "likelihood.likelihood": "ZeroInflated", "objective.schedule": "ELBO",
    "objective.objective": "Lagging", "objective.objective.schedule": "Lagging",
    "objective.discriminator": "FactorVAE", "posterior.temperature": "Concrete",
    "posterior.network": "ClassAndNormal", "prior.prior": "Conditional",
}  # fmt: skip
ACCEPTS = {
    "posterior.bijector.network": ("MLP",),  # another network three levels down keeps options of the one it replaces
    "prior.bijector.network": ("MLP",),
    "likelihood.likelihood": ("Poisson", "NegativeBinomial", "BetaBinomial"),
    "posterior.base": ("DiagonalNormal", "FullNormal", "LowRankNormal", "NormalMixture", "Flow", "WithNoise"),
    "objective.objective": tuple(
        name for name, cls in choices(Objective).items() if not issubclass(cls, (WithoutDensity, Lagging))
    ),
    "prior.prior": ("LearnedNormal", "NormalMixture", "Flow", "LARS", "Autoregressive", "PoincareNormal"),
    "prior.base": ("StandardNormal", "LearnedNormal", "Laplace", "StudentT", "NormalMixture", "LARS", "Autoregressive"),
}
"""Where not every member of the family can stand."""


def cases() -> list[tuple[str, str]]:
    """All (flag, component), but for the adapters, which cannot be built without the user's module."""
    return [
        (flag, name)
        for flag, family in FAMILIES.items()
        for name in ACCEPTS.get(flag, choices(family))
        if not name.startswith("From")
    ]


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize(("flag", "name"), cases())
def test_the_command_line_builds_it(flag: str, name: str) -> None:
    assert "." not in flag or flag in OWNERS, f"say in OWNERS what --{flag} belongs to"
    parser = experiment_parser("")
    owner = f"--{flag.split('.')[0]} {OWNERS[flag]} ".split() if flag in OWNERS else []
    values: Any = construct(parser, parse(parser, [*owner, f"--{flag}", name]))
    first, *rest = flag.split(".")
    built, default = values[first], None
    for field in rest:
        built, default = getattr(built, field), getattr(type(built)(), field)
    assert type(built) is choices(FAMILIES[flag])[name]
    in_python = default if type(default) is type(built) else type(built)()  # a network of LARS is narrow by default
    for field in dataclasses.fields(in_python):  # defaults of the shell are those of Python
        assert getattr(built, field.name) == getattr(in_python, field.name), field.name


def test_the_pages_of_components_are_those_of_the_code() -> None:
    module = module_of_script("scripts/write_components.py")
    written = {path.name: path.read_text() for path in (ROOT / "docs" / "components").iterdir()}
    assert written == module.pages(), "run python scripts/write_components.py"


def test_the_pages_of_components_have_a_section_for_each_component_and_its_partners() -> None:
    """Not by the script: every name of every family has its heading, and two pairs are where they belong."""
    folder = ROOT / "docs" / "components"
    headings = {line for path in folder.iterdir() for line in path.read_text().splitlines() if line.startswith("### ")}
    names = {name for family in FAMILIES.values() for name in choices(family)}
    assert headings == {f"### {name}" for name in names}
    posteriors = (folder / "posteriors.md").read_text()
    sphere = next(line for line in posteriors.splitlines() if line.startswith("- [VonMisesFisher]"))
    assert "HypersphericalUniform" in sphere
    assert "StandardNormal" not in sphere
