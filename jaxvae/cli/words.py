"""The words of a command line as the parser wants them."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import yaml

from jaxvae.errors import UserError
from jaxvae.runs.folder import FROM_PYTHON


def with_bare_switches(words: Sequence[str], switches: set[str]) -> list[str]:
    """A switch alone means that it is on.

    >>> with_bare_switches(["--resume", "--epochs", "3"], {"--resume"})
    ['--resume', 'true', '--epochs', '3']
    """
    found: list[str] = []
    for index, word in enumerate(words):
        has_value = index + 1 < len(words) and not words[index + 1].startswith("--")
        found += [word, "true"] if word in switches and not has_value else [word]
    return found


def with_joined_numbers(words: Sequence[str]) -> list[str]:
    """`--objective.alpha -1e30` as `--objective.alpha=-1e30`: alone, such a number would count as a flag.

    >>> with_joined_numbers(["--objective.alpha", "-1e30", "--epochs", "3"])
    ['--objective.alpha=-1e30', '--epochs', '3']
    """
    joined: list[str] = []
    for word in words:
        if joined and joined[-1].startswith("--") and "=" not in joined[-1] and is_negative_number(word):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def is_negative_number(word: str) -> bool:
    """Whether a word is a value and not a flag, though it starts with a minus."""
    try:
        return word.startswith("-") and float(word) <= 0.0
    except ValueError:
        return False


def without_options(words: Sequence[str]) -> list[str]:
    """The words without options of components and their values: `--prior Vamp` stays, `--prior.num_components 9` goes.

    >>> without_options(["--prior", "Vamp", "--prior.num_components", "9", "--epochs", "3"])
    ['--prior', 'Vamp', '--epochs', '3']
    """
    return [word for flag, values in by_flag(words) if "." not in flag.split("=")[0] for word in (flag, *values)]


def configurations_first(words: Sequence[str]) -> list[str]:
    """The words with `--config FILE` before all others: a flag overrides a file at any place.

    >>> configurations_first(["--epochs", "9", "--config", "a.yaml"])
    ['--config', 'a.yaml', '--epochs', '9']
    """
    parts = [[flag, *values] for flag, values in by_flag(words)]
    parts.sort(key=lambda part: part[0].split("=")[0] != "--config")
    return [word for part in parts for word in part]


def with_lists(words: Sequence[str], is_list: Callable[[str], bool]) -> list[str]:
    """Lists as people type them: `200 200` and `200,200` as `[200,200]`.

    Args:
        words: the words of the command line.
        is_list: whether a flag takes a list.

    >>> with_lists(["--encoder.features", "200", "100", "--epochs", "3"], lambda flag: "features" in flag)
    ['--encoder.features=[200,100]', '--epochs', '3']
    """
    found: list[str] = []
    for first, rest in by_flag(words):
        flag, equals, value = first.partition("=")
        values = [value, *rest] if equals else rest
        if values and is_list(flag.removeprefix("--")) and not values[0].startswith("["):
            parts = re.split(r"[,\s]+", " ".join(values))
            found.append(f"{flag}=[{','.join(filter(None, parts))}]")
        else:
            found += [first, *rest]
    return found


def check_configurations(words: Sequence[str]) -> None:
    """Check that no file of `--config` has a key twice, since all except the last would be dropped, or has no flags.

    Raises:
        UserError: naming the key and its lines, or for the file of a run that was described in Python.
    """
    for first, rest in by_flag(words):
        flag, equals, value = first.partition("=")
        path = Path(value if equals else "".join(rest[:1]))
        if flag != "--config" or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
            root = yaml.compose(text, yaml.SafeLoader)
        except (yaml.YAMLError, UnicodeDecodeError):
            continue  # the parser says what is wrong with it
        if text.startswith(FROM_PYTHON):
            raise UserError(
                f"{path} must hold flags, got a run that was described in Python: load or resume it from Python, with "
                f"jaxvae.runs"
            )
        for key, lines in _twice(root):
            raise UserError(f"--config {path} has {key} twice, in lines {lines[0]} and {lines[1]}: keep one of them")


def _twice(node: yaml.Node | None) -> Iterator[tuple[str, tuple[int, int]]]:
    """Keys that a mapping has twice, at any depth, and their lines."""
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in lines:
                yield key.value, (lines[key.value], line)
            lines[key.value] = line
            yield from _twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for part in node.value:
            yield from _twice(part)


def by_flag(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each flag with the words after it, up to the next; words before the first flag one by one."""
    start = 0
    while start < len(words):
        stop = start + 1
        while words[start].startswith("--") and stop < len(words) and not words[stop].startswith("--"):
            stop += 1
        yield words[start], list(words[start + 1 : stop])
        start = stop
