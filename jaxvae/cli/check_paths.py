"""Import paths of components are tried before the flag parser tries them: its messages do not say what is wrong."""

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from jaxvae.calls import is_call
from jaxvae.cli.words import by_flag
from jaxvae.errors import UserError
from jaxvae.import_path import imported
from jaxvae.runs.components import FAMILIES


def check_import_paths(words: Sequence[str]) -> None:
    """Import every class that the words or a file of `--config` name by its path.

    Raises:
        UserError: if there is nothing at a path, importing it raises an exception, or an object is there and no class.
    """
    for flag, path in _paths(words):
        if is_call(path) and "(" not in path:
            found = imported(path, f"--{flag}")
            if not isinstance(found, type) and not inspect.isroutine(found):
                name = type(found).__name__
                raise UserError(f"--{flag} takes a class, got {path}, an object of {name}: give the path of its class")


def _paths(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    for first, rest in by_flag(words):
        name, equals, value = first.removeprefix("--").partition("=")
        text = value if equals else "".join(rest[:1])
        if name == "config" and Path(text).is_file():
            try:
                yield from _within(yaml.safe_load(Path(text).read_text(encoding="utf-8")), "")
            except (yaml.YAMLError, UnicodeDecodeError):
                continue  # the parser says what is wrong with it
        elif first.startswith("--") and name in FAMILIES:
            yield name, text


def _within(value: Any, flag: str) -> Iterator[tuple[str, str]]:
    """The paths of components in a configuration, each with its flag."""
    if not isinstance(value, dict):
        return
    for name, part in value.items():
        if name == "class_path" and isinstance(part, str):
            yield flag, part
        else:
            yield from _within(part, flag if name == "init_args" else f"{flag}.{name}".removeprefix("."))
