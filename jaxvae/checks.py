"""Checks at the door: each raises one line that says what was expected, what came and the fix."""

import math
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.errors import UserError, nearest
from jaxvae.typing import Shape


def _name_of(owner: object) -> str:
    return getattr(owner, "__name__", type(owner).__name__)  # a function or a class, else an object


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
        if not isinstance(value, (int, float, np.integer, np.floating)):
            continue
        if not (at_least <= value <= at_most and above < value < below):
            bounds = [
                f">= {at_least:g}" if at_least > -math.inf else "",
                f"> {above:g}" if above > -math.inf else "",
                f"<= {at_most:g}" if at_most < math.inf else "",
                f"< {below:g}" if below < math.inf else "",
            ]
            wanted = " and ".join(bound for bound in bounds if bound) or "a number"
            raise UserError(f"{_name_of(owner)}.{name} must be {wanted}, got {value!r}")


def check_choice(owner: object, choices: Iterable[str], **values: Any) -> None:
    """Check that each named string is one of `choices`.

    Raises:
        UserError: naming the field, the nearest choice and all of them.
    """
    choices = list(choices)
    for name, value in values.items():
        if isinstance(value, str) and value not in choices:
            hint = nearest(value, choices)
            raise UserError(f"{_name_of(owner)}.{name} must be one of {', '.join(choices)}; got {value!r}{hint}")


def check_example(x: Any, shape: Shape, name: str = "x") -> None:
    """Check the shape and dtype of ONE example.

    Raises:
        ValueError: with the expected and the given shape or dtype.
    """
    if x.shape != shape:
        raise ValueError(f"{name} must have shape {shape} (one example; jax.vmap over a batch), got {x.shape}")
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{name} must be a float array, got {x.dtype}: write {name}.astype('float32') / largest_value")


def check_description(owner: object, **components: Any) -> None:
    """Check that components are pytrees.

    Raises:
        UserError: for a class that `jaxvae.dataclass` does not decorate: its numbers would be structure, and each new
            object another program.
    """
    for name, value in components.items():
        if jax.tree_util.all_leaves([value]):
            raise UserError(
                f"{_name_of(owner)}.{name} must be a description, got an object of the plain class "
                f"{type(value).__name__}: write @jaxvae.dataclass above it"
            )
