"""Completion of the installed command in a shell, written by the package shtab."""

import argparse
from collections.abc import Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import shtab
from jsonargparse import ArgumentParser

from jaxvae.cli.explain import known_flags
from jaxvae.errors import UserError, nearest
from jaxvae.runs.components import FAMILIES, choices

SHELLS = ("bash", "zsh", "tcsh")
_FILES, _FOLDERS = ("config", "data", "inception"), ("run_dir", "data_dir", "init_from", "from")


def completion_script(prog: str, shell: str, parsers: Mapping[str, ArgumentParser]) -> str:
    """The script that a shell reads to complete a command, its subcommands, their flags and the values of these.

    The flag parser's own support follows components within components without an end, so the flags are listed here:
    those that `--help all` explains.

    Args:
        prog: the command.
        shell: bash, zsh or tcsh.
        parsers: of each subcommand by its name.

    Raises:
        UserError: for another shell.
    """
    if shell not in SHELLS:
        raise UserError(
            f"--print_completion must be one of {', '.join(SHELLS)}; got "
            f"{f'{shell!r}{nearest(shell, SHELLS)}' if shell else 'none of them'}"
        )

    whole = argparse.ArgumentParser(prog=prog)
    commands = whole.add_subparsers()
    for name, parser in parsers.items():
        own = commands.add_parser(name, help=parser.description)  # one without help is left out
        actions = {action.option_strings[-1]: action for action in parser._actions if action.option_strings}
        for flag in sorted(known_flags(parser) - {"--help"}):
            action = actions.get(flag)
            if action is None or action.help != argparse.SUPPRESS:
                _add(own, flag, _values(flag.removeprefix("--"), action))
        for action in parser._actions:
            if not action.option_strings and action.dest == "run_dir":
                own.add_argument(action.dest).complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    return shtab.complete(whole, shell)


def _add(parser: argparse.ArgumentParser, flag: str, values: list[str]) -> None:
    added = parser.add_argument(flag, choices=values or None)
    name = flag.removeprefix("--")
    if not values and name in (*_FILES, *_FOLDERS):
        added.complete = shtab.FILE if name in _FILES else shtab.DIRECTORY  # type: ignore[attr-defined]


def _values(flag: str, action: Any) -> list[str]:
    """The words that a flag takes, as far as they can be listed."""
    if flag in FAMILIES:
        return sorted(choices(FAMILIES[flag]))
    return _words(getattr(action, "_typehint", None))


def _words(annotation: Any) -> list[str]:
    """The words of a type, those of its parts included.

    >>> _words(Literal["a", "b"] | bool | int)
    ['a', 'b', 'true', 'false']
    """
    if annotation is bool:
        return ["true", "false"]
    if get_origin(annotation) is Literal:
        return [str(word) for word in get_args(annotation)]
    parts = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else ()
    return [word for part in parts for word in _words(part)]
