"""Names for the types of all signatures."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.typing

Array = jax.Array
ArrayLike = jax.typing.ArrayLike
Key = jax.Array
"""A typed key from `jax.random.key`, never a raw uint32 pair."""
PyTree = Any
Params = Mapping[str, Any]
"""Nested dict of arrays, one entry a component: `{"encoder": …, "decoder": …, "prior": …}`."""
Metrics = dict[str, Array]
"""Named scalars of one step or one example, in the units of their names (by default nats)."""
Shape = tuple[int, ...]
