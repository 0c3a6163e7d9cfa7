"""The one exception that a script turns into a single line and exit code 2."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """A mistake the user can mend: its message says what was expected, what came, and the fix, in one line."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """List the known names, the nearest ones to `name` first in a question of their own.

    >>> did_you_mean("Vmap", ["Vamp", "StandardNormal"])
    'did you mean Vamp? Known: StandardNormal, Vamp'
    """
    known = sorted(known)
    by_lower = {candidate.lower(): candidate for candidate in known}
    nearest = [by_lower[match] for match in difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)]
    question = f"did you mean {' or '.join(nearest)}? " if nearest else ""
    return f"{question}Known: {', '.join(known)}"
