"""`--help` on two screens: each flag on a line, with its default as it is typed."""

import textwrap
from typing import Any

from jsonargparse import ArgumentParser

from jaxvae.runs.components import FAMILIES, choices

_WIDTH, _COLUMN = 110, 30
_NOT_SHOWN = ("help", "print_config")
_FINE = frozenset(
    [
        "data_dir",
        "channels",
        "maximum",
        "offsets",
        "labelled_share",
        "labels_seed",
        "condition_kinds",
        "b1",
        "b2",
        "epsilon",
        "decay_steps",
        "decay_factor",
        "num_processes",
        "process_id",
    ]
)
"""Flags that refine others: they share a line at the end of their group."""


def short_help(parser: ArgumentParser) -> str:
    """Every flag of a parser with its default, what it is for (of most), and the names of components."""
    lines = [f"usage: {parser.prog} [--flag value] …", "", str(parser.description)]
    explained: set[type] = set()
    for group in parser._action_groups:
        actions = [action for action in group._group_actions if _is_shown(action)]
        if actions:
            lines += ["", f"{(group.title or 'flags').partition(':')[0]}:"]
        for action in actions:
            if action.dest not in _FINE:
                lines += _lines_of(action, explained)
        if fine := "  ".join(_flag(action) for action in actions if action.dest in _FINE):
            lines += [f"  also: {fine}"]
    lines += [
        "",
        "options of a component follow its name: --prior Vamp --prior.num_components 100; name your own class by its",
        "import path: --prior my_module.MyPrior. More:",
        f"  {parser.prog} --prior.help Vamp       the options of a component",
        f"  {parser.prog} --help all              every flag and component, with units",
        f"  {parser.prog} --print_config …        the configuration that these flags would run",
    ]
    return "\n".join(lines)


def _is_shown(action: Any) -> bool:
    return bool(action.option_strings) and action.help not in (None, "==SUPPRESS==") and not _is_help(action)


def _is_help(action: Any) -> bool:
    return action.dest in _NOT_SHOWN or action.option_strings[-1].endswith(".help")


def _lines_of(action: Any, explained: set[type]) -> list[str]:
    """The line of a flag, and the names of its components where its family has not been listed before."""
    flag = action.option_strings[-1]
    family = FAMILIES.get(flag.removeprefix("--"))
    start = f"  {_flag(action)}".ljust(_COLUMN)
    room = _WIDTH - max(len(start), _COLUMN) - 1
    lines = [f"{start} {textwrap.shorten(_first_clause(action.help), room, placeholder=' …')}".rstrip()]
    if family is not None and family not in explained:
        explained.add(family)
        names = ", ".join(sorted(choices(family)))
        lines += textwrap.wrap(names, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return lines


def _flag(action: Any) -> str:
    """A flag with its default."""
    return f"{action.option_strings[-1]} {_typed(action.default)}".rstrip()


def _typed(default: Any) -> str:
    """A default as a user would type it; nothing if it is off or left to the run."""
    if default is None or default is False:
        return ""
    if isinstance(default, dict) and "class_path" in default:
        return default["class_path"].rsplit(".", 1)[-1]
    return str(default)


def _first_clause(text: str) -> str:
    """What a flag is, without the rest of its explanation.

    >>> _first_clause("passes over the data at most [epochs]; by default 200. More.")
    'passes over the data at most [epochs]'
    """
    text = " ".join(text.split())
    ends = [text.find(end) for end in ("; ", ". ") if end in text]
    return (text[: min(ends)] if ends else text).rstrip(".:")
