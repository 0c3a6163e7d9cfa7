"""Frozen dataclasses that are pytrees: numbers are leaves, structure is metadata.

Every description (`VAE`, `ELBO`, `MLP`) and every value (`Normal`) of the library is one. So a description is an
ordinary argument of a compiled function; another number does not recompile; and a sweep is `jax.vmap` over descriptions
joined by `stack`.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from types import UnionType
from typing import Any, Literal, NamedTuple, TypeVar, Union, dataclass_transform, get_args, get_origin, get_type_hints

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jaxvae.errors import UserError

_NUMBERS = (float, np.floating, np.ndarray, jax.Array)
_T = TypeVar("_T")


def _is_dynamic(value: Any) -> bool:
    """Whether a field holds leaves: a float, an array, or a pytree of only these."""
    leaves = jax.tree.leaves(value)
    return bool(leaves) and all(isinstance(leaf, _NUMBERS) for leaf in leaves)


def _is_number(value: Any) -> bool:
    """Whether this is one number with a known value: neither a bool nor a tracer."""
    if isinstance(value, (np.generic, np.ndarray, jax.Array)):
        known = not isinstance(value, Tracer) and value.ndim == 0
        return known and jnp.issubdtype(value.dtype, jnp.number) and not jnp.iscomplexobj(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _types_in(annotation: Any) -> Iterator[Any]:
    """An annotation and all types within it, at any depth."""
    yield annotation
    if get_origin(annotation) is not Literal:  # whose parts are values
        for part in get_args(annotation):
            yield from _types_in(part)


class _Kind(NamedTuple):
    """The kind of a field by its annotation, read once a class, because descriptions are built during tracing."""

    takes_float: bool
    is_number: bool
    is_tuple: bool
    is_switch: bool
    choices: tuple[Any, ...]
    """The words that it takes, if it takes nothing else; None may be one of them."""

    @classmethod
    def of(cls, annotation: Any) -> "_Kind":
        is_union = get_origin(annotation) in (Union, UnionType)
        alternatives = set(get_args(annotation)) if is_union else {annotation}
        parts = set(get_args(annotation) or (annotation,)) - {type(None)}
        words = [one for one in alternatives if get_origin(one) is Literal]
        are_words = words and alternatives <= {*words, type(None)}
        return cls(
            float in _types_in(annotation),
            parts <= {int, float},
            get_origin(annotation) is tuple,
            annotation is bool,
            (*(word for one in words for word in get_args(one)), *([None] if is_union else [])) if are_words else (),
        )

    def check(self, owner: object, name: str, value: Any) -> None:
        """Check that a value is of the kind: no number in quotes, no single number for a tuple, no word for a switch.

        Raises:
            UserError: naming the field, what came and the fix.
        """
        field = f"{type(owner).__name__}.{name}"
        if self.is_switch and not isinstance(value, (bool, np.bool_)):
            raise UserError(f"{field} must be True or False, got {value!r}: write one of them, without quotes")
        if self.choices and not isinstance(value, str) and not any(value is choice for choice in self.choices):
            raise UserError(f"{field} must be one of {', '.join(map(str, self.choices))}; got {value!r}")
        if self.is_number and isinstance(value, bool):
            raise UserError(f"{field} must be a number, got {value!r}: write one")
        if self.is_number and isinstance(value, str):
            raise UserError(f"{field} must be a number, got {value!r}: write it without quotes")
        if self.is_tuple and isinstance(value, (int, float)) and not isinstance(value, bool):
            raise UserError(f"{field} must be a tuple, got {value!r}: write ({value!r},)")


def _canonical(value: Any, takes_float: bool) -> Any:
    """A number becomes a float if the field is declared so, and a list becomes a tuple, which can be hashed.

    An int would be structure, and an array without axes a leaf of another type: both would compile another program.
    """
    if takes_float and _is_number(value):
        return float(value)
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return tuple(_canonical(item, takes_float) for item in value)
    return value


def _annotations(cls: type) -> Iterator[tuple[str, Any]]:
    """The names and types of the fields of a dataclass, also where types are written as strings."""
    fields = dataclasses.fields(cls)
    try:
        hints = get_type_hints(cls) if any(isinstance(field.type, str) for field in fields) else {}
    except NameError:  # the type is a class that is defined later, so not a number
        hints = {}
    for field in fields:
        yield field.name, hints.get(field.name, field.type)


@dataclass_transform(frozen_default=True)
def dataclass(cls: type[_T]) -> type[_T]:
    """Make `cls` a frozen dataclass that is a pytree.

    Fields that hold floats, arrays or pytrees of them are leaves; ints, strings, tuples of ints, networks and other
    hashable values are structure. `__post_init__` runs when a user builds the object, not when JAX rebuilds it. Its
    numbers may already be tracers, so checks there apply only to Python numbers (`jaxvae.checks`).

    >>> @dataclass
    ... class Penalty:
    ...     weight: float = 1.0
    ...     kernel: str = "rbf"
    >>> jax.tree.leaves(Penalty(weight=2))
    [2.0]
    >>> jax.vmap(lambda penalty, x: penalty.weight * x, (0, None))(stack([Penalty(1), Penalty(3)]), 2.0).tolist()
    [2.0, 6.0]
    """
    own_post_init = getattr(cls, "__post_init__", None)  # its own or its parent's

    def __post_init__(self: Any) -> None:  # noqa: N807 - becomes the method of that name
        for name, kind in kinds.items():
            value = getattr(self, name)
            kind.check(self, name, value)
            object.__setattr__(self, name, _canonical(value, kind.takes_float))
        if own_post_init is not None:
            own_post_init(self)

    cls.__post_init__ = __post_init__  # type: ignore[attr-defined]
    cls = dataclasses.dataclass(frozen=True)(cls)
    kinds = {name: _Kind.of(annotation) for name, annotation in _annotations(cls)}
    names = tuple(kinds)

    def flatten(value: Any) -> tuple[tuple[Any, ...], Any]:
        # a rebuilt object keeps its record of leaves, because they may now be anything (axes of a vmap, None)
        dynamic = value.__dict__.get("_dynamic")
        if dynamic is None:
            dynamic = tuple(name for name in names if _is_dynamic(getattr(value, name)))
        static = tuple((name, getattr(value, name)) for name in names if name not in dynamic)
        return tuple(getattr(value, name) for name in dynamic), (dynamic, static)

    def flatten_with_keys(value: Any) -> tuple[tuple[Any, ...], Any]:
        children, structure = flatten(value)
        keys = map(jax.tree_util.GetAttrKey, structure[0])
        return tuple(zip(keys, children, strict=True)), structure

    def unflatten(structure: Any, children: Iterable[Any]) -> Any:
        dynamic, static = structure
        value = object.__new__(cls)
        for name, child in (*zip(dynamic, children, strict=True), *static):
            object.__setattr__(value, name, child)
        object.__setattr__(value, "_dynamic", dynamic)
        return value

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)
    return cls


def stack(trees: Sequence[_T]) -> _T:
    """Join pytrees of one structure along a new leading axis, for `vmap`.

    Raises:
        ValueError: if two of them differ in structure (another architecture is another program).
    """
    structures = {jax.tree.structure(tree) for tree in trees}
    if len(structures) != 1:
        raise ValueError(
            f"stack takes one or more descriptions that differ in numbers only, got {len(structures)} structures of "
            f"{len(trees)} objects; group them by jax.tree.structure first"
        )
    return jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(leaf) for leaf in leaves]), *trees)


def learned_leaves(params: Any) -> list[Any]:
    """The leaves that are learned by gradient: not those under `fixed`.

    >>> learned_leaves({"scale": 1.0, "fixed": {"average": 2.0}})
    [1.0]
    """
    return [leaf for path, leaf in jax.tree_util.tree_leaves_with_path(params) if is_learned(path)]


def is_learned(path: Any) -> bool:
    """Whether the leaf at a path is learned by gradient: none of the keys to it is `fixed`."""
    return not any(getattr(key, "key", None) == "fixed" for key in path)
