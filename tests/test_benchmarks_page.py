"""docs/benchmarks.md says what the JSON files say."""

import sys

import pytest

from tests.conftest import ROOT


def test_the_page_is_that_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "scripts"), *sys.path])
    from write_benchmarks import FOLDER, PAGE, page

    assert len(list(FOLDER.glob("*.json"))) >= 4
    assert PAGE.read_text() == page()
