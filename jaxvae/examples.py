"""A set of examples whose parts fit each other and the model, checked before components start from it."""

from typing import Any

import numpy as np
from jax.core import Tracer

from jaxvae.checks import as_numbers, check_examples
from jaxvae.conditions import description_of
from jaxvae.errors import UserError
from jaxvae.hidden import check_seen
from jaxvae.observation import Observation
from jaxvae.typing import Shape


def checked_examples(examples: Any, data_shape: Shape, condition: Any) -> Observation:
    """The examples as an `Observation` with conditions `[n, columns]`; numbers that `jit` does not know pass.

    Args:
        examples: `[n, *data_shape]`, an array or an `Observation`.
        data_shape: of one example.
        condition: of the model, or None.

    Raises:
        UserError: for parts of other shapes, observed entries or conditions that are no finite numbers, classes that
            the condition does not have, or an entry that no example shows.

    >>> checked_examples(Observation(np.ones((2, 4)), label=np.array([0, 1])), (4,), None).condition is None
    True
    """
    given = examples if isinstance(examples, Observation) else Observation(examples)
    check_examples(given.value, data_shape)
    values = as_numbers(given.value, "examples")
    observed = _part(given.observed, "observed", values.shape, "True and False")
    if observed is not None and observed.dtype != bool:
        raise UserError(
            f"`observed` of the examples must be True where an entry was seen, got {observed.dtype}: write observed > 0"
        )
    _check_values(values, observed)
    label = _part(given.label, "label", values.shape[:1])
    return Observation(values, observed, _rows(given.condition, condition, len(values)), label)


def _part(part: Any, name: str, shape: Shape, kind: str = "real numbers") -> Any:
    """A field of the examples as an array of that shape, or None."""
    if part is None:
        return None
    array = as_numbers(part, f"`{name}` of the examples", kind)
    if array.shape != shape:
        raise UserError(
            f"`{name}` of the examples must have shape {shape}, got {array.shape}: give one for each example"
        )
    return array


def _rows(part: Any, condition: Any, count: int) -> Any:
    """The conditions, `[n, columns]`, or None."""
    if part is None:
        return None
    if condition is None:
        raise UserError(
            "the model has no condition, got one of the examples: build the model with "
            "condition=Condition(('categorical:10',)), or leave it out"
        )
    described = description_of(condition)
    columns, rows = len(described.columns), as_numbers(part, "`condition` of the examples")
    rows = rows[:, None] if rows.ndim == 1 and columns == 1 else rows
    rows = _part(rows, "condition", (count, columns))
    if not isinstance(rows, Tracer):
        described.check(np.asarray(rows), "`condition` of the examples")
    return rows.astype(float)


def _check_values(values: Any, observed: Any) -> None:
    """Check that observed entries are finite, and that each entry has a finite value in some example."""
    if isinstance(values, Tracer) or isinstance(observed, Tracer):
        return
    values = np.asarray(values)
    seen = np.ones(values.shape, bool) if observed is None else np.asarray(observed)
    check_seen(values, seen, "examples")
    if np.isinf(values[seen]).any():
        raise UserError(
            f"examples must hold finite numbers, got {int(np.isinf(values[seen]).sum()):,} infinite ones: cut them off"
        )
    never = ~seen.any(axis=0)
    if not np.isfinite(values[:, never]).all():
        raise UserError(
            f"every entry must be observed in some example, got {int(never.sum()):,} that never are: leave out such "
            f"columns, or give them finite values"
        )
