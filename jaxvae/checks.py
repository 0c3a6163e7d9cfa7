"""Checks of arguments: each raises one line that says what was expected, what came and the fix."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jaxvae.errors import UserError, nearest
from jaxvae.typing import Array, ArrayLike, Shape

_OTHER_LIBRARIES = ("torch", "tensorflow")
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


def as_numbers(value: Any, name: str, kind: str = "real numbers") -> Any:
    """The value as an array of real numbers, or of True and False; arrays stay as they are.

    Args:
        value: an array, a number, or a list of these, whose entries `jit` need not know.
        name: of the value, for messages.
        kind: what it is made of, for messages.

    Raises:
        UserError: for words, None, rows of several lengths, and numbers that are not real.
        TypeError: for an array of another library.

    >>> as_numbers([1, 2], "c").tolist()
    [1, 2]
    """
    owner = type(value).__module__.split(".")[0]
    if owner in _OTHER_LIBRARIES:
        raise TypeError(f"{name} must be a JAX or NumPy array, got one of {owner}: write {name}.numpy()")
    try:
        is_traced = any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(value))
        array = value if hasattr(value, "dtype") else (jnp if is_traced else np).asarray(value)
    except (TypeError, ValueError):  # rows of several lengths, or parts that are not numbers
        array = np.asarray(None)
    dtype: Any = array.dtype
    if not (jnp.issubdtype(dtype, np.bool_) or jnp.issubdtype(dtype, np.integer) or jnp.issubdtype(dtype, np.floating)):
        shown = f"{dtype}" if jnp.issubdtype(dtype, np.complexfloating) else " ".join(repr(value).split())
        raise UserError(f"{name} must be an array of {kind}, got {shown[:60]}: give such an array, or a list of them")
    return array


def check_example(x: ArrayLike, shape: Shape, name: str = "x") -> Array:
    """Check the shape and dtype of ONE example and return it as a JAX array.

    Raises:
        UserError: with the expected and the given shape or dtype.
        TypeError: for an array of another library.
    """
    array = as_numbers(x, name)
    if not hasattr(x, "dtype"):
        array = array.astype(np.float32)
    if array.shape != shape:
        raise UserError(f"{name} must have shape {shape} (one example; jax.vmap over a batch), got {array.shape}")
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise UserError(
            f"{name} must be a float array, got {array.dtype}: write {name}.astype('float32') / largest_value"
        )
    return jnp.asarray(array, dtype=jax.dtypes.canonicalize_dtype(array.dtype))


def check_examples(examples: Array | None, shape: Shape) -> None:
    """Check the shape and dtype of the training examples that components start from; None passes.

    Raises:
        UserError: with the expected and the given shape or dtype.
        TypeError: for an array of another library.
    """
    if examples is None:
        return
    array = as_numbers(examples, "examples")
    if array.shape[1:] != shape:
        raise UserError(f"examples must have shape [n, *{shape}], got {array.shape}")
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise UserError(
            f"examples must be a float array, got {array.dtype}: for stored levels write "
            f"training.preprocessing.expected(examples), for counts examples.astype('float32')"
        )


def check_sizes(owner: object, latent_dim: Any, data_shape: Any) -> None:
    """Check that the sizes of a model are whole numbers.

    Raises:
        UserError: naming the field and what came.
    """
    name = _name_of(owner)
    if not _is_whole(latent_dim):
        raise UserError(
            f"{name}.latent_dim must be a whole number, got {latent_dim!r}: write it without quotes or dots"
        )
    if not isinstance(data_shape, tuple) or not all(_is_whole(size) and size > 0 for size in data_shape):
        fix = f"write ({data_shape},)" if _is_whole(data_shape) else "write it as (28, 28, 1)"
        raise UserError(f"{name}.data_shape must be a tuple of whole numbers >= 1, got {data_shape!r}: {fix}")
    if math.prod(data_shape) > _LARGEST_INTEGER:
        raise UserError(f"{name}.data_shape must have at most {_LARGEST_INTEGER} numbers, got {data_shape!r}")


def check_count(owner: object, **counts: Any) -> None:
    """Check that each is a whole number of at least 1.

    Raises:
        UserError: naming the field and its value.
    """
    for name, value in counts.items():
        if not _is_whole(value):
            raise UserError(f"{_name_of(owner)}.{name} must be a whole number >= 1, got {value!r}")
        check_range(owner, at_least=1, **{name: value})


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def check_network(owner: object, **networks: Any) -> None:
    """Check that each is a network: an object with `init` and `apply`.

    Raises:
        UserError: naming the field and what came.
    """
    for name, value in networks.items():
        field = _field_of_object(owner, name, value)
        if not callable(getattr(value, "init", None)) or not callable(getattr(value, "apply", None)):
            raise UserError(
                f"{field} must be a network with init(key, x, output_shape) and apply(params, x, output_shape), got "
                f"{type(value).__name__}: take jaxvae.networks.MLP, a Linen module, from_nnx or from_equinox"
            )


def _field_of_object(owner: object, name: str, value: Any) -> str:
    """The name of a field, which must not hold a class instead of an object."""
    field = f"{_name_of(owner)}.{name}"
    if isinstance(value, type):
        needed = dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()
        options = ", ".join(
            f"{one.name}=…" for one in needed if one.init and one.default is one.default_factory is dataclasses.MISSING
        )
        raise UserError(f"{field} must be an object, got the class {value.__name__}: write {value.__name__}({options})")
    return field


def check_output(field: str, output: Any, shape: Shape) -> Array:
    """Check that the output of a network is one array of the requested shape.

    Raises:
        UserError: with the expected and the given shape.
    """
    given = jnp.shape(output) if hasattr(output, "shape") else type(output).__name__
    if given != shape:
        raise UserError(f"{field} must put out an array of shape {shape}, got {given}: use its argument output_shape")
    return output


def check_component(owner: object, family: type | tuple[type, ...], **components: Any) -> None:
    """Check that components are descriptions of their family.

    Raises:
        UserError: for another class, a class instead of an object, or a class without `jaxvae.dataclass`: its numbers
            would be structure, so each new object would compile another program.
    """
    for name, value in components.items():
        field = _field_of_object(owner, name, value)
        if not isinstance(value, family):
            base = family[0] if isinstance(family, tuple) else family
            wanted = f"{base.__module__.rsplit('.', 1)[0]}.{base.__name__}"
            raise UserError(f"{field} must be a {wanted}, got {type(value).__name__}: derive your class from {wanted}")
        if jax.tree_util.all_leaves([value]):
            raise UserError(
                f"{field} must be a description, got an object of the plain class {type(value).__name__}: "
                f"write @jaxvae.dataclass above it"
            )
