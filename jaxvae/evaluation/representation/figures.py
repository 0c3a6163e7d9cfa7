"""Shared parts of the figures of a representation: units, and the choice of examples."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from jaxvae.errors import UserError
from jaxvae.evaluation.figures import missing

MOST_EXAMPLES = 10_000  # of a set: each figure then stays within seconds on two cores
SHARE, SCORE = "share", "score, at most 1"


def without_values(names: Iterable[str], problem: UserError) -> dict[str, Any]:
    """Entries for figures of these names that are all missing."""
    return {name: missing(problem) for name in names}


def chosen_examples(num_examples: int, seed: int) -> np.ndarray:
    """Indices, in order, of 10,000 examples drawn without replacement, or of all if they are fewer.

    >>> len(chosen_examples(20_000, seed=0)), chosen_examples(3, seed=0).tolist()
    (10000, [0, 1, 2])
    """
    return np.sort(np.random.default_rng(seed).permutation(num_examples)[:MOST_EXAMPLES])
