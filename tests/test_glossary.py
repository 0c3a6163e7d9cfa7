"""The glossary names what the code names, in alphabetical order, and has the words that everyone needs."""

import re

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "glossary.md").read_text()
SYMBOLS, *GROUPS = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
ROW = re.compile(r"^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", flags=re.MULTILINE)


def rows(section: str) -> list[tuple[str, str, str, str]]:
    """The rows of a section's table, without its head; an escaped bar is no end of a cell."""
    cells = [tuple(cell.replace("\0", "|") for cell in row) for row in ROW.findall(section.replace("\\|", "\0"))]
    return cells[1:]  # type: ignore[return-value]


ALL = [row for section in (SYMBOLS, *GROUPS) for row in rows(section)]


@pytest.fixture(scope="module")
def words_of_the_code() -> set[str]:
    sources = [*(ROOT / "jaxvae").rglob("*.py"), *(ROOT / "experiments").glob("*.py")]
    return {word for path in sources for word in re.findall(r"\w+", path.read_text())}


def test_names_exist(words_of_the_code: set[str]) -> None:
    names = {
        word for _, code, _, _ in ALL for name in re.findall(r"`([^`]+)`", code) for word in re.findall(r"\w+", name)
    }
    assert names - {"tree"} <= words_of_the_code


def test_words_are_in_alphabetical_order() -> None:
    for section in GROUPS:
        words = [row[0].lower() for row in rows(section)]
        first, last = re.match(r"([A-Z]) to ([A-Z])", section).groups()  # type: ignore[union-attr]
        assert words == sorted(words)
        assert all(first.lower() <= word[0] <= last.lower() for word in words)


def test_it_has_what_everyone_needs() -> None:
    found = {row[0] for row in ALL}
    assert {"x", "z", "q(z|x)", "p(z)", "p(x|z)", "w", "K", "β", "I(x; z)"} <= found
    assert {"ELBO, Elbo", "rate", "distortion", "KL", "active unit", "Draw", "description", "params", "step"} <= found
    assert len(found) == len(ALL)  # each once
