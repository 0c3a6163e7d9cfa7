"""The number of operations of a traced function: only from shapes, so equal on every machine."""

import math
from collections.abc import Iterator
from typing import Any

from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn

_MOVES = frozenset(  # operations that move numbers without computing any, or place them
    (
        "broadcast_in_dim",
        "convert_element_type",
        "copy",
        "reshape",
        "sharding_constraint",
        "slice",
        "squeeze",
        "transpose",
    )
)


def count_operations(traced: ClosedJaxpr | Jaxpr) -> int:
    """Operations of a traced function: two for each multiplication in a product, else one for each result.

    A scan counts as often as it runs, a condition as its longest branch, and a loop of unknown length once.

    Args:
        traced: what `jax.make_jaxpr` returns.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> count_operations(jax.make_jaxpr(jnp.matmul)(jnp.ones((3, 4)), jnp.ones((4, 5))))  # 2 · 3 · 4 · 5
        120
    """
    inside = traced.jaxpr if isinstance(traced, ClosedJaxpr) else traced
    return sum(_of_equation(equation) for equation in inside.eqns)


def _of_equation(equation: JaxprEqn) -> int:
    within = [count_operations(part) for value in equation.params.values() for part in _functions(value)]
    name, made = equation.primitive.name, sum(_size(variable) for variable in equation.outvars)
    if name == "cond":
        return max(within)
    if within:
        return equation.params.get("length", 1) * sum(within) if name == "scan" else sum(within)
    if name == "dot_general":
        (summed, _), _ = equation.params["dimension_numbers"]
        return 2 * made * math.prod(_shape(equation.invars[0])[axis] for axis in summed)
    if name == "conv_general_dilated":
        kernel, numbers = _shape(equation.invars[1]), equation.params["dimension_numbers"]
        return 2 * made * math.prod(kernel) // kernel[numbers.rhs_spec[0]]
    if name == "row_products":  # ours: the last axis of the first with the first of the second
        return 2 * made * _shape(equation.invars[1])[0]
    return 0 if name in _MOVES else made


def _functions(value: Any) -> Iterator[ClosedJaxpr | Jaxpr]:
    """The functions that a parameter of an operation holds."""
    if isinstance(value, (ClosedJaxpr, Jaxpr)):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _functions(part)


def _shape(variable: Any) -> tuple[int, ...]:
    return getattr(variable.aval, "shape", ())


def _size(variable: Any) -> int:
    return math.prod(_shape(variable))
