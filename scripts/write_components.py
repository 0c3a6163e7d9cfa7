"""Write docs/components/: a page for each family of components, with formulas, options and what goes together.

python scripts/write_components.py
"""

import inspect
from pathlib import Path
from typing import Any, NamedTuple

from docstring_parser import parse

from jaxvae import posteriors, priors
from jaxvae.bijectors import Bijector
from jaxvae.compatibility import members
from jaxvae.likelihoods import Likelihood
from jaxvae.missingness import Missingness
from jaxvae.networks import Network
from jaxvae.objectives import Objective, Schedule
from jaxvae.posteriors import Posterior, TemperatureSchedule
from jaxvae.priors import Prior
from jaxvae.runs.components import FAMILIES, choices, options

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "components"
_LONGEST_LEFT_SIDE = 60  # of a formula, in characters up to its first equality


class Family(NamedTuple):
    """One page: its file, its title, one line about the family, and the base classes of its members."""

    page: str
    title: str
    about: str
    bases: tuple[type, ...]


PAGES = [
    Family(
        "posteriors",
        "Posteriors",
        "q(z|x): how the encoder's outputs become a distribution over the latents.",
        (Posterior, TemperatureSchedule),
    ),
    Family("priors", "Priors", "p(z): the distribution of the latents before x is seen.", (Prior,)),
    Family(
        "likelihoods",
        "Likelihoods",
        "p(x|z): how the decoder's outputs become a distribution over the data.",
        (Likelihood, Missingness),
    ),
    Family("networks", "Networks", "The maps that encoders and decoders compute.", (Network,)),
    Family(
        "objectives",
        "Objectives",
        "What training minimises. [The table of objectives](../objectives.md) says what each needs.",
        (Objective, Schedule),
    ),
    Family(
        "bijectors",
        "Bijectors",
        "Invertible maps, of which the posterior `Flow` and the prior `Flow` are made.",
        (Bijector,),
    ),
]
_WRITTEN = "Written by `python scripts/write_components.py` from the code; nothing here is typed by hand."


def _is_formula(paragraph: str) -> bool:
    has_sign = any(sign in paragraph[:_LONGEST_LEFT_SIDE] for sign in (" = ", " ← "))
    return has_sign and not paragraph.endswith((".", ":"))


def _described(cls: type) -> list[str]:
    """The docstring up to its arguments, a paragraph each; formulas are kept line by line."""
    doc = parse(inspect.getdoc(cls) or "")
    paragraphs = [doc.short_description or "", *(doc.long_description or "").split("\n\n")]
    is_formula = [_is_formula(text) for text in paragraphs]
    return [
        f"```text\n{text}\n```" if formula else text
        for text, formula in zip(paragraphs, is_formula, strict=True)
        if text
    ]


def _linked(names: list[str], page: str) -> str:
    return ", ".join(f"[{name}]({page}.md#{name.lower()})" for name in sorted(names)) or "none of the library's"


def _partners(cls: type) -> list[str]:
    """The space of a posterior or prior, and the members of the other family that share it, all with their defaults."""
    is_posterior = issubclass(cls, Posterior)
    ours, others, page = (posteriors, priors, "priors") if is_posterior else (priors, posteriors, "posteriors")
    own = dict(members(ours)).get(cls.__name__)
    if own is None:
        return []

    def fits(other: Any) -> bool:
        return own.space.fits(other.space) if is_posterior else other.space.fits(own.space)

    names = [name for name, other in members(others) if fits(other)]
    space = own.space or "that of the posterior"
    return [f"Space: {space}. {page.capitalize()} that fit: {_linked(names, page)}."]


def component(name: str, cls: type) -> str:
    """The section of one component: what it is, what goes with it, its options."""
    partners = _partners(cls) if issubclass(cls, (Posterior, Prior)) else []
    lines = [f"- `{option}`: {text}" for option, text in options(cls).items()]
    return "\n\n".join([f"### {name}", *_described(cls), *partners, *(["\n".join(lines)] if lines else [])])


def _fits() -> list[str]:
    """Each posterior with its space and the priors that fit."""
    about = (
        "Both must live in one space. Here all have their default options. A number in brackets is an option that the "
        "two must share: the number of classes, or the curvature."
    )
    rows = ["## Which prior fits which posterior", about]
    lines = []
    for name, posterior in members(posteriors):
        names = [prior_name for prior_name, prior in members(priors) if posterior.space.fits(prior.space)]
        lines.append(f"- [{name}](#{name.lower()}) ({posterior.space}): {_linked(names, 'priors')}")
    return [*rows, "\n".join(lines)]


def page_of(family: Family) -> str:
    """The whole page of a family."""
    sections = [f"# {family.title}", family.about, _WRITTEN]
    if Posterior in family.bases:
        sections += _fits()
    for base in family.bases:
        flags = ", ".join(f"`--{flag}`" for flag, its_family in FAMILIES.items() if its_family is base)
        sections += [f"## {base.__name__}", f"In the shell: {flags}."]
        sections += [component(name, cls) for name, cls in sorted(choices(base).items())]
    return "\n\n".join(sections) + "\n"


def index() -> str:
    """The list of the pages."""
    lines = []
    for family in PAGES:
        first, *others = (", ".join(sorted(choices(base))) for base in family.bases)
        beside = [f"; of `{base.__name__}`: {names}" for base, names in zip(family.bases[1:], others, strict=True)]
        lines.append(f"- [{family.title}]({family.page}.md): {first}{''.join(beside)}")
    rules = (
        "Any encoder, decoder, likelihood and objective goes with any other, except that VectorQuantized and VQVAE "
        "belong together. A posterior and a prior go together where their latents live in one space."
    )
    return "\n\n".join(["# Components", _WRITTEN, rules, "\n".join(lines)]) + "\n"


def pages() -> dict[str, str]:
    """Every file of docs/components and its text."""
    return {"README.md": index(), **{f"{family.page}.md": page_of(family) for family in PAGES}}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
