"""How the figures of a representation are written: with unit, error and estimator, or with the reason for none."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from jaxvae.errors import UserError
from jaxvae.evaluation.evaluate import Estimate

MOST_EXAMPLES = 10_000  # of a set: each figure then stays within seconds on two cores
SHARE, SCORE = "share", "score, at most 1"


def figure(compute: Callable[[], Estimate], *, unit: str, estimator: str, **details: Any) -> dict[str, Any]:
    """One figure as JSON; where it cannot be had, its value is None, and the reason one line with the fix.

    >>> figure(lambda: Estimate(0.5, None), unit=SCORE, estimator="the middle", num_examples=7)["value"]
    0.5
    """
    try:
        value, error = compute()
    except UserError as problem:
        return {"value": None, "reason": str(problem)}
    return {"value": value, "standard_error": error, "unit": unit, "estimator": estimator, **details}


def without_values(names: Iterable[str], problem: UserError) -> dict[str, Any]:
    """All figures of these names where none of them can be had."""
    return {name: {"value": None, "reason": str(problem)} for name in names}


def chosen_examples(num_examples: int, seed: int) -> np.ndarray:
    """Indices, in order, of 10,000 examples drawn without replacement, or of all if they are fewer.

    >>> len(chosen_examples(20_000, seed=0)), chosen_examples(3, seed=0).tolist()
    (10000, [0, 1, 2])
    """
    return np.sort(np.random.default_rng(seed).permutation(num_examples)[:MOST_EXAMPLES])
