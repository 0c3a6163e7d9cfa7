"""Every example in a docstring runs."""

import doctest
import importlib
import pkgutil

import pytest

import jaxvae

MODULES = sorted(module.name for module in pkgutil.walk_packages(jaxvae.__path__, "jaxvae."))


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = [test for name in MODULES for test in finder.find(importlib.import_module(name))]
    assert sum(len(test.examples) > 0 for test in tests) >= 10
