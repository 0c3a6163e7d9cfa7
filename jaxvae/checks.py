"""Checks at the door: each raises one line that says what was expected, what came and the fix."""

import difflib
import math
from collections.abc import Iterable
from typing import Any

from jaxvae.errors import UserError
from jaxvae.typing import Shape


def check_range(
    owner: object,
    *,
    at_least: float = -math.inf,
    above: float = -math.inf,
    at_most: float = math.inf,
    below: float = math.inf,
    **numbers: Any,
) -> None:
    """Check hyper-parameters of a description; tracers, arrays, None and strings pass (their values are not known).

    Raises:
        UserError: naming the field, the range and the value.
    """
    for name, value in numbers.items():
        if not isinstance(value, (int, float)):
            continue
        if not (at_least <= value <= at_most and above < value < below):
            bounds = [
                f">= {at_least:g}" if at_least > -math.inf else "",
                f"> {above:g}" if above > -math.inf else "",
                f"<= {at_most:g}" if at_most < math.inf else "",
                f"< {below:g}" if below < math.inf else "",
            ]
            wanted = " and ".join(bound for bound in bounds if bound) or "a number"
            raise UserError(f"{type(owner).__name__}.{name} must be {wanted}, got {value!r}")


def check_choice(owner: object, choices: Iterable[str], **values: Any) -> None:
    """Check that each named string is one of `choices`.

    Raises:
        UserError: naming the field, the nearest choice and all of them.
    """
    choices = list(choices)
    for name, value in values.items():
        if isinstance(value, str) and value not in choices:
            near = difflib.get_close_matches(value, choices, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise UserError(f"{type(owner).__name__}.{name} must be one of {', '.join(choices)}; got {value!r}{hint}")


def check_example(x: Any, shape: Shape, name: str = "x") -> None:
    """Check the shape and dtype of ONE example.

    Raises:
        ValueError: with the expected and the given shape or dtype.
    """
    if x.shape != shape:
        raise ValueError(f"{name} must have shape {shape} (one example; jax.vmap over a batch), got {x.shape}")
    if x.dtype.kind in "ub":
        raise ValueError(f"{name} must be a float array, got {x.dtype}: write x.astype('float32') / largest_value")
