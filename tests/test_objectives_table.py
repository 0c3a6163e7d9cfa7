"""docs/objectives.md lists every objective, with flags that parse and tests that exist."""

import re

import pytest

from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import construct, parse
from jaxvae.objectives import Objective
from jaxvae.runs.components import choices
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "objectives.md").read_text()
ROWS = re.findall(r"^\| (\w+)(?: ∅)? \| `(--[^`]*)` \|.*\| `(tests/[^`]*)` \|$", PAGE, flags=re.MULTILINE)


def test_it_lists_every_objective_once() -> None:
    assert sorted(name for name, _, _ in ROWS) == sorted(choices(Objective))


@pytest.mark.parametrize(("name", "flags", "test"), ROWS, ids=[row[0] for row in ROWS])
def test_a_row_holds(name: str, flags: str, test: str) -> None:
    parser = experiment_parser("")
    assert type(construct(parser, parse(parser, flags.split()))["objective"]).__name__ == name
    path, function = test.split("::")
    assert f"def {function}(" in (ROOT / path).read_text()


def test_other_tests_that_it_names_exist() -> None:
    for path, function in re.findall(r"`(tests/[^`:]*)::([^`]*)`", PAGE):
        assert f"def {function}(" in (ROOT / path).read_text()
