"""The pages that people read, and the blocks, tables and links in them."""

import re
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
SWAP_HEAD = "| swap | in Python | in the shell |\n|---|---|---|\n"


class Block(NamedTuple):
    """A fenced block: its page, its place among the page's blocks of one language, and its text."""

    page: str
    number: int
    text: str

    @property
    def file(self) -> str | None:
        """The file that the block is to be saved as, where its first line says so."""
        match = re.match(r"# (my_\w+\.py)\n", self.text)
        return match[1] if match else None


class Swap(NamedTuple):
    """A row of a table of swaps."""

    page: str
    python: str
    shell: str


def name_of(page: Path) -> str:
    """`docs/usage.md`."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[Block]:
    """All fenced blocks of a language, in order."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return [Block(name_of(page), number, text) for number, text in enumerate(found)]


def swaps(page: Path) -> list[Swap]:
    """The rows of the page's table of swaps that have code in both columns."""
    if SWAP_HEAD not in (text := page.read_text()):
        return []
    table = text.split(SWAP_HEAD)[1].split("\n\n")[0]
    rows = re.findall(r"^\|[^|]*\| (.+?) \| (.+?) \|$", table, flags=re.MULTILINE)
    return [Swap(name_of(page), python, shell) for python, shell in rows if "--" in shell]


PYTHON = [block for page in PAGES for block in blocks(page, "python")]
SHELL = {name_of(page): found for page in PAGES if (found := blocks(page, "sh"))}
SWAPS = [row for page in PAGES for row in swaps(page)]
FILES = {block.file: block.text for block in PYTHON if block.file}
