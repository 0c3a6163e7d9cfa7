"""One example as an observation: its value, what of it was seen, what is given with it, and its label."""

import dataclasses
from typing import Any, TypeAlias, TypeVar

import jax

from jaxvae.typing import Array

_T = TypeVar("_T")


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class Observation:
    """ONE example and what is known of it; a plain array `x` means `Observation(x)`.

    Every function of an example takes either. With a leading axis on each field it is a set of examples, of which
    `number_of` gives the number and `rows_of` some: an observation has no length and no index of its own.

    >>> import jax.numpy as jnp
    >>> Observation(jnp.array([0.5, jnp.nan]), observed=jnp.array([True, False])).condition is None
    True
    """

    value: Any
    """x, `data_shape`; hidden entries may be any numbers, NaN too: none is ever read."""
    observed: Any = None
    """Which entries were seen, bool, `data_shape`; None: all of them."""
    condition: Any = None
    """c, a row `[columns]` of what encoder, decoder and prior are told, or one number if there is one column."""
    label: Any = None
    """The known class of a discrete latent, `[]`; −1 where it is not known."""


Example: TypeAlias = Array | Observation
"""One example, or with a leading axis on every array a set of examples."""


def value_of(example: Any) -> Any:
    """x, without what else is known of it."""
    return example.value if isinstance(example, Observation) else example


def with_value(example: Any, value: Any) -> Any:
    """The same example with another value."""
    return dataclasses.replace(example, value=value) if isinstance(example, Observation) else value


def number_of(examples: Any) -> int:
    """How many examples a set has."""
    return len(value_of(examples))


def rows_of(examples: _T, rows: Any) -> _T:
    """Some examples of a set, or one of them.

    >>> import jax.numpy as jnp
    >>> rows_of(Observation(jnp.arange(3), label=jnp.array([4, 5, 6])), 1)
    Observation(value=Array(1, dtype=int32), observed=None, condition=None, label=Array(5, dtype=int32))
    """
    return jax.tree.map(lambda leaf: leaf[rows], examples)


def context_of(example: Any) -> Observation:
    """What is given with an example, without its value and what was seen of it: to decode and to sample in its place.

    >>> context_of(Observation(1.0, observed=True, condition=2.0))
    Observation(value=None, observed=None, condition=2.0, label=None)
    """
    return Observation(None, condition=example.condition if isinstance(example, Observation) else None)
