"""The one exception that a script turns into a single line and exit code 2."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """A mistake the user can mend: its message says what was expected, what came, and the fix, in one line."""


class NoMeanError(UserError, NotImplementedError):
    """Something needs the mean of a distribution that has none in closed form."""

    def __init__(self, distribution: object) -> None:
        super().__init__(
            f"{type(distribution).__name__} has no mean: give a key to use a sample, or take a posterior or likelihood "
            f"with one (--posterior DiagonalNormal, --likelihood Bernoulli)"
        )


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the known names nearest to `name`, or nothing where none is near.

    >>> nearest("--learning_rte", ["--learning_rate", "--epochs"])
    ' (did you mean --learning_rate?)'
    """
    by_lower = {candidate.lower(): candidate for candidate in known}
    matches = [by_lower[match] for match in difflib.get_close_matches(name.lower(), by_lower, n=2, cutoff=0.6)]
    return f" (did you mean {' or '.join(matches)}?)" if matches else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """List the known names, the nearest ones to `name` first in a question of their own.

    >>> did_you_mean("Vmap", ["Vamp", "StandardNormal"])
    'did you mean Vamp? Known: StandardNormal, Vamp'
    """
    known = sorted(known)
    question = nearest(name, known).strip(" ()")
    return f"{question} Known: {', '.join(known)}".strip()
