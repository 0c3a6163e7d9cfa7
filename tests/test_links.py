"""Links between pages lead to files and headings that exist, and the index lists every page."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.pages import PAGES, name_of

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def without_code(text: str) -> str:
    """A page without its fenced blocks and its code in lines: what looks like a link there is none."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    found: set[str] = set()
    headings = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#{1,6} (.*)$", headings, flags=re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", shown).strip().replace(" ", "-")
        number, unique = 0, slug
        while unique in found:
            number += 1
            unique = f"{slug}-{number}"
        found.add(unique)
    return found


def broken(page: Path, text: str) -> list[str]:
    """The relative links of a page that lead nowhere."""
    wrong = []
    for target in LINK.findall(without_code(text)):
        if re.match(r"[a-z]+:", target):
            continue  # another site
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text())):
            wrong.append(target)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page, page.read_text()) == []


def test_a_broken_link_is_noticed() -> None:
    text = (
        "[a](docs/nowhere.md) [b](docs/usage.md#nowhere) [c](docs/usage.md#resume) `[d](e)` ![f](g.png) [h](https://h)"
    )
    assert broken(ROOT / "README.md", text) == ["docs/nowhere.md", "docs/usage.md#nowhere", "g.png"]


def test_anchors_are_those_of_github() -> None:
    text = "# log p(x) in *one* pass\n## A `b_c`\n## A `b_c`\n```python\n# no heading\n```\n### A [link](to.md), too"
    assert anchors(text) == {"log-px-in-one-pass", "a-b_c", "a-b_c-1", "a-link-too"}


def test_the_index_lists_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / target).resolve() for target in LINK.findall(index.read_text())}
    assert {page for page in PAGES if page.is_relative_to(index.parent)} - {index} <= listed
    assert index in {(ROOT / target).resolve() for target in LINK.findall((ROOT / "README.md").read_text())}
