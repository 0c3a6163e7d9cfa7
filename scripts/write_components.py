"""Write docs/components.md: every component with its flags, and which posterior fits which prior.

python scripts/write_components.py
"""

import inspect
from pathlib import Path

from docstring_parser import parse

from jaxvae import posteriors, priors
from jaxvae.compatibility import members
from jaxvae.runs.components import FAMILIES, choices, options

PAGE = Path(__file__).resolve().parent.parent / "docs" / "components.md"
INTRODUCTION = """# Components

Written by `python scripts/write_components.py` from the code; nothing here is typed by hand. Any encoder, decoder,
likelihood and objective goes with any other, but that VectorQuantized and VQVAE belong together. A posterior and a
prior go together where their latents live in one space.
"""


def fit_table() -> str:
    """Posteriors down, priors across, with their defaults: ● where the two share a space."""
    columns = members(priors)
    lines = [
        f"| posterior | space | {' | '.join(name for name, _ in columns)} |",
        f"|---|---|{':-:|' * len(columns)}",
    ]
    for name, posterior in members(posteriors):
        marks = ["●" if posterior.space.fits(prior.space) else "" for _, prior in columns]
        lines.append(f"| {name} | {posterior.space} | {' | '.join(marks)} |")
    return "\n".join(lines)


def family_sections() -> list[str]:
    """A section for each family: its members, what they are, and their options."""
    sections = []
    for family in dict.fromkeys(FAMILIES.values()):
        flags = [f"`--{flag}`" for flag, its_family in FAMILIES.items() if its_family is family]
        lines = [f"## {family.__name__}: {', '.join(flags)}", ""]
        for name, cls in sorted(choices(family).items()):
            lines.append(f"- **{name}**: {parse(inspect.getdoc(cls) or '').short_description}")
            lines += [f"  - `{option}`: {text}" for option, text in options(cls).items()]
        sections.append("\n".join(lines))
    return sections


def page() -> str:
    """The whole page."""
    fits = f"## Which posterior fits which prior\n\n{fit_table()}"
    return "\n".join([INTRODUCTION, "\n\n".join([fits, *family_sections()])]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
