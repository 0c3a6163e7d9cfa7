"""A group of metrics of the user's: a function of one `Subject` that returns entries of `evaluation.json`."""

import json
from collections.abc import Callable, Collection
from typing import Any

from jaxvae.calls import Call, check_options, parameters, parsed
from jaxvae.errors import UserError
from jaxvae.import_path import FROM_USERS_CODE, imported, raised
from jaxvae.runs.subject import Subject

_WHO = "`metrics`"
_FIX = "return a dictionary of entries, such as {'sharpness': figure(Estimate.of(values), 'nats', 'how')}"


class WrongEntriesError(UserError):
    """A group of the user's returned something that cannot be an entry of `evaluation.json`."""


def own_group(word: str) -> Callable[[Subject], dict[str, Any]]:
    """The function at an import path, with its options: my_module.sharpness or my_module.sharpness(size=3).

    Raises:
        UserError: if there is no such function, or it cannot be called with a subject and these options.
    """
    call = parsed(word, _WHO)
    function = imported(call.path, _WHO)
    if not callable(function):
        raise UserError(f"{_WHO} takes a function of one Subject, got {call.path}, a {type(function).__name__}")
    names = list(parameters(function) or {})
    if parameters(function) is not None and not names:
        raise UserError(f"{_WHO} takes a function of one Subject, got {call.path}, which has no argument: add it")
    check_options(function, call, _WHO, tuple(names[:1]))
    return lambda subject: _measured(function, call, subject)


def _measured(function: Callable[..., Any], call: Call, subject: Subject) -> dict[str, Any]:
    try:
        return function(subject, **call.options)
    except UserError:
        raise
    except FROM_USERS_CODE as error:
        raise UserError(raised(error)) from error


def check_entries(word: str, found: Any, taken: Collection[str]) -> None:
    """Check that what a group of the user's returned can be entries of `evaluation.json`.

    Args:
        word: the import path, with its options.
        found: what it returned.
        taken: names of entries that are the library's own.

    Raises:
        WrongEntriesError: naming the entry, what came and the fix.

    >>> check_entries("my_module.group", 0.5, ())
    Traceback (most recent call last):
    jaxvae.runs.own_metrics.WrongEntriesError: `metrics` my_module.group must return a dictionary, got float: ...
    """
    if not isinstance(found, dict):
        raise WrongEntriesError(f"{_WHO} {word} must return a dictionary, got {type(found).__name__}: {_FIX}")
    for name, value in found.items():
        if not isinstance(name, str):
            raise WrongEntriesError(f"{_WHO} {word} must return names that are strings, got {name!r}: {_FIX}")
        if name in taken:
            raise WrongEntriesError(f"{_WHO} {word} must return names of its own, got {name!r}: take another name")
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            raise WrongEntriesError(
                f"{_WHO} {word} must return values that JSON can hold, got {type(value).__name__} for {name!r} "
                f"({' '.join(str(error).split())}): write float(value), or value.tolist()"
            ) from error
