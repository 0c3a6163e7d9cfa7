"""`--optimizer.help my_module.chain`: what a user's function is, and its options."""

import inspect
from collections.abc import Sequence

from docstring_parser import parse

from jaxvae.cli.words import by_flag
from jaxvae.errors import UserError
from jaxvae.import_path import imported


def call_help(words: Sequence[str], flags: Sequence[str]) -> str | None:
    """The help of a function that `--FLAG.help PATH` names; None without such a flag.

    Args:
        words: the words of the command line.
        flags: those of `CALLED` that the parser has.

    Raises:
        UserError: without a path, or for a path that is not one of a function.

    >>> print(call_help(["--optimizer.help", "fractions.gcd"], ["data"]))
    None
    """
    for first, rest in by_flag(words):
        name, _, value = first.removeprefix("--").partition("=")
        flag, _, option = name.partition(".")
        if option != "help" or flag not in flags:
            continue
        path = value or " ".join(rest)
        if not path:
            raise UserError(f"--{name} needs the import path of a function, got none: write --{name} my_module.load")
        function = imported(path, f"--{name}")
        if not callable(function):
            raise UserError(f"--{name} needs the import path of a function, got {path}, a {type(function).__name__}")
        return _described(flag, path, function)
    return None


def _described(flag: str, path: str, function: object) -> str:
    doc = parse(inspect.getdoc(function) or "")
    texts = {parameter.arg_name: " ".join((parameter.description or "").split()) for parameter in doc.params}
    lines = [f"--{flag} {path}: {doc.short_description or 'a function without a docstring'}"]
    for name, parameter in inspect.signature(function).parameters.items():  # type: ignore[arg-type]
        default = "required" if parameter.default is parameter.empty else repr(parameter.default)
        lines.append(f"  --{flag}.{name}: {texts.get(name, '')} (default: {default})".replace(":  (", ": ("))
    return "\n".join(lines)
