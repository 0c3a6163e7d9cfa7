"""The inputs of all figures of a representation, checked before use: codes, classes and factors as arrays."""

import numpy as np
from numpy.typing import ArrayLike

from jaxvae.errors import UserError


def as_codes(codes: ArrayLike) -> np.ndarray:
    """Codes or images `[N, ...]` as `[N, D]` float64.

    Raises:
        UserError: if there are fewer than two, or some are not finite.

    >>> as_codes(np.zeros((5, 2, 3))).shape
    (5, 6)
    """
    array = np.asarray(codes, np.float64)
    if array.ndim < 2 or len(array) < 2 or array.size == 0:
        raise UserError(f"codes must be [N, D] with two examples or more, got shape {array.shape}; give more examples")
    array = array.reshape(len(array), -1)
    broken = int(np.sum(~np.isfinite(array).all(axis=1)))
    if broken:
        raise UserError(f"codes must be finite, got NaN or infinity in {broken} of {len(array)}; look at the encoder")
    return array


def as_labels(labels: ArrayLike, num_examples: int) -> np.ndarray:
    """Classes `[N]` of as many examples.

    Raises:
        UserError: for another shape, or fewer than two classes.

    >>> as_labels([7, 3, 7], 3)
    array([7, 3, 7])
    """
    array = np.asarray(labels)
    if array.shape != (num_examples,):
        raise UserError(f"labels must have shape ({num_examples},), one for each code, got {array.shape}; give them so")
    if len(np.unique(array)) < 2:
        raise UserError(
            f"labels must hold two classes or more, got one ({array[0]}) in {num_examples} examples; add one"
        )
    return array


def as_factors(factors: ArrayLike, num_examples: int) -> np.ndarray:
    """Factors `[N, F]` of as many examples, the values of each numbered from 0 as int64.

    Raises:
        UserError: for another shape, or a factor of a single value.

    >>> as_factors([[5, 0], [9, 1], [5, 2]], 3).tolist()
    [[0, 0], [1, 1], [0, 2]]
    """
    array = np.asarray(factors)
    if array.ndim != 2 or len(array) != num_examples or array.shape[1] == 0:
        raise UserError(f"factors must be [N, F] with N = {num_examples}, the number of codes, got shape {array.shape}")
    numbered = np.stack([np.unique(column, return_inverse=True)[1] for column in array.T], axis=1).astype(np.int64)
    constant = np.flatnonzero(numbered.max(axis=0) == 0)
    if len(constant):
        raise UserError(
            f"each factor must take two values or more, got one alone in column {constant[0]}; leave that column out"
        )
    return numbered


def halves(num_examples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of two random halves: one to fit a predictor, and one to score it.

    Raises:
        UserError: if there are fewer than four examples.
    """
    if num_examples < 4:
        raise UserError(f"a fit and its score on other examples need four examples, got {num_examples}; give more")
    order = np.random.default_rng(seed).permutation(num_examples)
    return order[: num_examples // 2], order[num_examples // 2 :]
