"""What the package says of itself is written in one place."""

import re
import tomllib

import jaxvae as jv
from tests.conftest import ROOT


def test_one_version_everywhere() -> None:
    citation = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), flags=re.MULTILINE)
    assert citation is not None
    assert citation[1] == jv.__version__
    assert f"## {jv.__version__} " in (ROOT / "CHANGELOG.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "version" not in project
    assert project["dynamic"] == ["version"]


def test_the_licence_is_stated_and_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert "license: Apache-2.0" in (ROOT / "CITATION.cff").read_text()


def test_what_contributing_names_is_there() -> None:
    """Files, links and scripts."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"\]\(([^)]+)\)", text)
    named += re.findall(r"`(?:python )?((?:jaxvae|tests|scripts|docs|\.ci)/[\w./]+)", text)
    assert len(named) > 12
    for path in named:
        parents = [ROOT / path, ROOT / "examples" / path]
        assert any(place.exists() for place in parents), path
