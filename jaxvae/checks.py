"""Checks at the door: each raises one line that says what was expected, what came and the fix."""

import math
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.errors import UserError, nearest
from jaxvae.typing import Array, ArrayLike, Shape

_LARGEST_INTEGER = 2**31 - 1  # of JAX's default integers


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
        if isinstance(value, (int, np.integer)) and abs(value) > _LARGEST_INTEGER:
            raise UserError(f"{_name_of(owner)}.{name} must be <= {_LARGEST_INTEGER} in size, got {value!r}")
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


def check_example(x: ArrayLike, shape: Shape, name: str = "x") -> Array:
    """Check the shape and dtype of ONE example and return it as a JAX array.

    Raises:
        ValueError: with the expected and the given shape or dtype.
    """
    if not hasattr(x, "dtype"):
        x = np.asarray(x, np.float32)
    if jnp.shape(x) != shape:
        raise ValueError(f"{name} must have shape {shape} (one example; jax.vmap over a batch), got {jnp.shape(x)}")
    if not jnp.issubdtype(x.dtype, jnp.floating):  # type: ignore[union-attr]
        raise ValueError(
            f"{name} must be a float array, got {x.dtype}: "  # type: ignore[union-attr]
            f"write {name}.astype('float32') / largest_value"
        )
    return jnp.asarray(x, dtype=jax.dtypes.canonicalize_dtype(x.dtype))  # type: ignore[union-attr]


def check_component(owner: object, family: type, **components: Any) -> None:
    """Check that components are descriptions of their family.

    Raises:
        UserError: for another class, a class in place of an object, or a class that `jaxvae.dataclass` does not
            decorate: its numbers would be structure, and each new object another program.
    """
    for name, value in components.items():
        field = f"{_name_of(owner)}.{name}"
        if isinstance(value, type):
            raise UserError(f"{field} must be an object, got the class {value.__name__}: write {value.__name__}()")
        if not isinstance(value, family):
            wanted = f"{family.__module__.rsplit('.', 1)[0]}.{family.__name__}"
            raise UserError(f"{field} must be a {wanted}, got {type(value).__name__}: derive your class from {wanted}")
        if jax.tree_util.all_leaves([value]):
            raise UserError(
                f"{field} must be a description, got an object of the plain class {type(value).__name__}: "
                f"write @jaxvae.dataclass above it"
            )
