"""The one switch between the fast forms of this folder and their plain twins."""

import os

from jaxvae.errors import UserError

FAST_VARIABLE = "JAXVAE_FAST"


def is_fast() -> bool:
    """Whether to take the fast forms: so says `JAXVAE_FAST=1`, the default; `JAXVAE_FAST=0` takes the plain twins.

    The environment variable is read when JAX traces a function. A compiled program keeps its forms, so set the variable
    before Python starts.

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
