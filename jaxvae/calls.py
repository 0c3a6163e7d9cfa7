"""A function of a user's as one word: its import path, with options as keywords in parentheses where it has any."""

import ast
import inspect
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from jaxvae.errors import UserError, nearest
from jaxvae.import_path import FROM_USERS_CODE, imported, raised

_PATH = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+"


class Call(NamedTuple):
    """What to import, and the options to call it with."""

    path: str
    options: dict[str, Any]

    def __str__(self) -> str:
        """The word again.

        >>> str(Call("my_module.chain", {"learning_rate": 0.001}))
        'my_module.chain(learning_rate=0.001)'
        """
        if not self.options:
            return self.path
        return f"{self.path}({', '.join(f'{name}={value!r}' for name, value in self.options.items())})"


def is_call(word: str) -> bool:
    """Whether a word is an import path, with or without options in parentheses.

    >>> [is_call(word) for word in ("my_module.load", "my_module.load(size=3)", "mnist", "emnist/letters")]
    [True, True, False, False]
    """
    return re.fullmatch(rf"{_PATH}(\(.*\))?", word, flags=re.DOTALL) is not None


def parsed(word: str, who: str) -> Call:
    """The parts of a word such as my_module.load(size=3).

    Raises:
        UserError: if the parentheses hold anything but name=value with literal values.

    >>> parsed("my_module.load(size=3, names=('a', 'b'))", "`data`").options
    {'size': 3, 'names': ('a', 'b')}
    """
    path, has_options, _ = word.partition("(")
    if not has_options:
        return Call(word, {})
    try:
        call = ast.parse(word, mode="eval").body
        if not isinstance(call, ast.Call) or call.args or any(keyword.arg is None for keyword in call.keywords):
            raise ValueError("options without names")
        return Call(path, {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords})
    except (SyntaxError, ValueError) as error:
        raise UserError(
            f"{who} takes options as {path}(name=value, …) with numbers, strings, lists, true or false words of Python "
            f"for values, got {word}: mend it"
        ) from error


def literal(text: str) -> Any:
    """The value of an option as it is typed: a number, a list, true, false or null, and else the text itself.

    >>> [literal(text) for text in ("1e-3", "[8, 16]", "true", "None", "relu")]
    [0.001, [8, 16], True, None, 'relu']
    """
    words = {"true": True, "false": False, "null": None}
    if text in words:
        return words[text]
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def parameters(function: Any) -> Mapping[str, inspect.Parameter] | None:
    """The parameters of a function by name, None where Python does not know them."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return None


def incomplete(cls: Any, who: str) -> str:
    """What to say of a class that lacks methods of its base."""
    lacks = ", ".join(sorted(cls.__abstractmethods__))
    return f"{who} must define {lacks}, got a class without: add what its base leaves open"


def check_options(function: Any, call: Call, who: str, given: tuple[str, ...] = ()) -> None:
    """Check that a function has the options of a call, and needs no other.

    Args:
        function: what lies at the path.
        call: the path and its options.
        who: the flag or the field.
        given: parameters that the library fills in.

    Raises:
        UserError: naming the option, and the nearest one.
    """
    known = parameters(function)
    if known is None:
        return
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
    named = [name for name, one in known.items() if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    for name in call.options:
        if name not in named and not takes_any:
            own = [one for one in named if one not in given]
            has = f"its options are {', '.join(own)}" if own else "it has none"
            raise UserError(f"{who} {call.path} has no option {name!r}{nearest(name, own)}: {has}")
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for name, parameter in known.items():
        needs = parameter.default is parameter.empty and parameter.kind not in optional
        if needs and name not in (*call.options, *given):
            raise UserError(f"{who} {call.path} needs a value of {name}, got none: write {call.path}({name}=…)")


def called(word: str, who: str, given: Mapping[str, Any] | None = None) -> Any:
    """Import a function and call it with its options.

    Args:
        word: the import path, with options.
        who: the flag or the field, for messages.
        given: values that the function gets where it has a parameter of that name and the word has none.

    Raises:
        UserError: if there is no such function, if it does not have these options, or if it raises an exception or
            ends the process.

    >>> called("fractions.Fraction(numerator=3)", "`number`")
    Fraction(3, 1)
    """
    call = parsed(word, who)
    function = imported(call.path, who)
    if not callable(function):
        raise UserError(f"{who} must name a function, got {call.path}, a {type(function).__name__}")
    if inspect.isabstract(function):
        raise UserError(incomplete(function, f"{who} {call.path}"))
    known = parameters(function) or {}
    filled = {name: value for name, value in (given or {}).items() if name in known}
    check_options(function, call, who, tuple(filled))
    try:
        return function(**{**filled, **call.options})
    except UserError:
        raise
    except FROM_USERS_CODE as error:
        raise UserError(f"{who} called {call}, which raised {raised(error)}: mend it") from error
