"""The one switch between the fast forms of this folder and their plain twins."""

import os

from jaxvae.errors import UserError

FAST_VARIABLE = "JAXVAE_FAST"


def is_fast() -> bool:
    """Whether the fast forms are taken: 1 in the environment variable `JAXVAE_FAST`, or nothing; with 0 the plain ones.

    It is read where a function is traced. A program that is compiled already keeps its forms: set the variable before
    Python starts.

    Raises:
        UserError: for any other value.

    Example:
        >>> import os
        >>> is_fast() == (os.environ.get("JAXVAE_FAST", "1") == "1")
        True
    """
    value = os.environ.get(FAST_VARIABLE, "1")
    if value not in ("0", "1"):
        raise UserError(
            f"{FAST_VARIABLE} must be 0 or 1, got {value!r}: set 1 for the fast forms, 0 for the plain formulas, or "
            f"unset it"
        )
    return value == "1"
