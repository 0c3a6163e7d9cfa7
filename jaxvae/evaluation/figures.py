"""The form of figures in `evaluation.json`: with unit, error and estimator, or with the reason why there is none."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from jaxvae.errors import UserError
from jaxvae.observation import number_of, rows_of

T = TypeVar("T")
NO_DENSITY = "the objective trains no density of x: train one that does, such as ELBO"


class Estimate(NamedTuple):
    """A mean over examples."""

    value: float
    """The mean, in the units of the figure (nats unless stated)."""
    standard_error: float | None
    """Standard deviation over examples / √n; None for one example."""

    @classmethod
    def of(cls, values: np.ndarray) -> "Estimate":
        """The mean and standard error of one figure an example, `[n]`."""
        values = np.asarray(values, np.float64)
        error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
        return cls(float(np.mean(values)), error)


def figure(estimate: Estimate, unit: str, estimator: str, **details: Any) -> dict[str, Any]:
    """The entry of a figure.

    >>> figure(Estimate(0.5, None), "nats", "the middle", num_examples=7)["value"]
    0.5
    """
    return {**estimate._asdict(), "unit": unit, "estimator": estimator, **details}


def missing(reason: object) -> dict[str, Any]:
    """The entry of a missing figure, with the reason and the fix in one line."""
    return {"value": None, "reason": str(reason)}


def attempt(compute: Callable[[], T]) -> T | UserError:
    """The result of `compute`, or the error that it raises: one missing figure must not cost the others."""
    try:
        return compute()
    except UserError as error:
        return error


def measured(compute: Callable[[], Estimate], unit: str, estimator: str, **details: Any) -> dict[str, Any]:
    """The entry of a figure, or of the reason why it is missing."""
    found = attempt(compute)
    return missing(found) if isinstance(found, UserError) else figure(found, unit, estimator, **details)


def spread(examples: Any, count: int) -> Any:
    """At most `count` examples, evenly spread over an array: in a sorted file the first ones are of one class.

    >>> spread(np.arange(10), 4).tolist()
    [0, 3, 6, 9]
    """
    total = number_of(examples)
    return examples if count >= total else rows_of(examples, np.linspace(0, total - 1, count).astype(int))
