"""Options of a user's function as flags: `--optimizer my_module.chain --optimizer.learning_rate 1e-3`."""

from collections.abc import Sequence
from typing import Any

from jsonargparse import Namespace

from jaxvae.calls import Call, is_call, literal, parsed
from jaxvae.cli.words import by_flag
from jaxvae.errors import UserError

CALLED = ("data", "model", "optimizer")
"""Flags that take the import path of a function or a class."""

Options = dict[str, dict[str, Any]]


def without_call_options(words: Sequence[str], flags: Sequence[str]) -> tuple[list[str], Options]:
    """The words without options of functions, and these by their flag.

    Args:
        words: the words of the command line.
        flags: those of `CALLED` that the parser has.

    Raises:
        UserError: for an option without a value.

    >>> words = ["--optimizer", "my_module.chain", "--optimizer.learning_rate", "1e-3", "--epochs", "3"]
    >>> without_call_options(words, CALLED)
    (['--optimizer', 'my_module.chain', '--epochs', '3'], {'optimizer': {'learning_rate': 0.001}})
    """
    others: list[str] = []
    options: Options = {}
    for first, rest in by_flag(words):
        name, equals, value = first.removeprefix("--").partition("=")
        flag, _, option = name.partition(".")
        if not first.startswith("--") or not option or flag not in flags:
            others += [first, *rest]
            continue
        values = [literal(text) for text in ([value] if equals else []) + rest]
        if not values:
            raise UserError(f"--{name} needs a value, got none: write --{name} VALUE")
        options.setdefault(flag, {})[option] = values[0] if len(values) == 1 else values
    return others, options


def add_call_options(flags: Namespace, options: Options) -> None:
    """Write options into the words that name their functions: `my_module.chain(learning_rate=0.001)`.

    Raises:
        UserError: for options of a value that is not the user's function.
    """
    for flag, of_flag in options.items():
        word = str(flags[flag])
        if not is_call(word):
            first = next(iter(of_flag))
            got = f"no --{flag}" if flags[flag] is None else f"--{flag} {word}"
            raise UserError(
                f"--{flag}.{first} is an option of a function that --{flag} names by its import path, got {got}: write "
                f"--{flag} my_module.my_function, or leave out --{flag}.{first}"
            )
        call = parsed(word, f"--{flag}")
        flags[flag] = str(Call(call.path, call.options | of_flag))
