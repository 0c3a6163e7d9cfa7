"""The exceptions that a script turns into a single line and exit code 2 or 3.

A message of the library writes an option in backquotes, as Python does: `batch_size`, `prior=Vamp()`,
`likelihood.scale='decoded'`. The command line shows it as a flag (`jaxvae.cli.explain.as_flags`).
"""

import difflib
import re
from collections.abc import Iterable


class UserError(ValueError):
    """A mistake that the user can correct: its message says what was expected, what came, and the fix, in one line."""


class SurroundingsError(UserError):
    """A failure of the disk, the memory, the device or the network: the same run may work elsewhere or later."""


class NoMeanError(UserError, NotImplementedError):
    """Something needs the mean of a distribution that has none in closed form."""

    def __init__(self, distribution: object) -> None:
        super().__init__(
            f"{type(distribution).__name__} has no mean: give a key to use a sample, or take a posterior or likelihood "
            f"with one (`posterior=DiagonalNormal()`, `likelihood=Bernoulli()`)"
        )


def any_of(option: str, names: Iterable[str]) -> str:
    """Values of an option to choose from, as Python writes them; the command line turns them into flags.

    Args:
        option: its name, such as `prior`.
        names: of classes that can be built without arguments.

    >>> any_of("prior", ["Vamp", "LARS"])
    '`prior=Vamp()` or `prior=LARS()`'
    >>> any_of("prior", [])
    'a `prior` of your own'
    """
    return " or ".join(f"`{option}={name}()`" for name in names) or f"a `{option}` of your own"


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the known names nearest to `name`, or nothing if none is near.

    >>> nearest("--learning_rte", ["--learning_rate", "--epochs"])
    ' (did you mean --learning_rate?)'
    >>> nearest("--lr", ["--learning_rate", "--epochs"])
    ' (did you mean --learning_rate?)'
    """
    by_lower = {candidate.lower(): candidate for candidate in known}
    short = [candidate for candidate in by_lower.values() if _initials(candidate) == name.lower().strip("-")]
    if short:
        return f" (did you mean {' or '.join(sorted(short)[:2])}?)"
    matches = [by_lower[match] for match in difflib.get_close_matches(name.lower(), by_lower, n=2, cutoff=0.6)]
    return f" (did you mean {' or '.join(matches)}?)" if matches else ""


def _initials(name: str) -> str:
    """The initials of the words of a name, "" if it is one word.

    >>> _initials("--learning_rate"), _initials("epochs")
    ('lr', '')
    """
    words = re.findall("[a-z0-9]+", name.lower())
    return "".join(word[0] for word in words) if len(words) > 1 else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """List the known names, after a question with those nearest to `name`.

    >>> did_you_mean("Vmap", ["Vamp", "StandardNormal"])
    'did you mean Vamp? Known: StandardNormal, Vamp'
    """
    known = sorted(known)
    question = nearest(name, known).strip(" ()")
    return f"{question} Known: {', '.join(known)}".strip()
