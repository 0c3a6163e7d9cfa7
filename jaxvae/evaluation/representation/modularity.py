"""Modularity: whether each code depends on only one factor, with and without a correction for chance."""

import numpy as np
from numpy.typing import ArrayLike

from jaxvae.errors import UserError
from jaxvae.evaluation.figures import Estimate
from jaxvae.evaluation.representation.histograms import Bins, bin_codes, code_information, jackknife, joint_counts
from jaxvae.evaluation.representation.inputs import as_codes, as_factors

_CHANCE = 1e-3  # probability that any independent pair of code and factor counts as dependent


def modularity(codes: ArrayLike, factors: ArrayLike, *, bins: Bins = "equal_width") -> Estimate:
    """Modularity: Ridgeway and Mozer 2018, section 3.

    mean over i of 1 − Σ_{k ≠ j} I(z_i; v_k)² / ((F − 1) I(z_i; v_j)²),  j = argmax_k I(z_i; v_k)

    In [0, 1]: 1 if each code has information on one factor, 0 if on all equally. Randomly rotated codes are far from 0
    and often score above 0.7. I is that of 20-bin histograms. It is 0 for a pair that Pearson's χ² test finds
    independent (at 0.001 for all pairs together). Otherwise chance would count as modularity, since the apparent
    information of finite samples grows with a factor's number of values. The mean is over codes with information on
    some factor; 0 if there are none.

    Args:
        codes: `[N, D]`, posterior means for instance.
        factors: numbers of their values, `[N, F]`.
        bins: `equal_width`, or `equal_mass`, which no increasing map of a code changes.

    Returns:
        The modularity, with the standard error over examples, given the pairs that are dependent.

    Raises:
        UserError: if sizes do not match, codes are not finite, a factor does not vary, or there is only one.

    Example:
        >>> factors = np.indices((5, 4, 10)).reshape(3, -1).T
        >>> round(modularity(factors, factors).value, 6)
        1.0
    """
    tables = _tables(codes, factors, bins)
    level = _CHANCE / (tables[0].shape[1] * len(tables))
    dependent = np.stack([_dependent(table.sum(axis=0), level) for table in tables], axis=1)  # [D, F]
    return jackknife(lambda tables: _modularity(_matrix(tables) * dependent), tables)


def ridgeway_mozer_modularity(codes: ArrayLike, factors: ArrayLike, *, bins: Bins = "equal_width") -> Estimate:
    """Modularity as published: `modularity` over all pairs and codes, with 0 for a code without information.

    Finite samples show some information for every pair, so noise scores by chance, and factors with many values score
    more. Use it only to compare with published figures. Ridgeway and Mozer 2018, section 3, with the histograms of
    Locatello et al. 2019. Arguments, result and errors are those of `modularity`.

    Example:
        >>> factors = np.indices((5, 4, 10)).reshape(3, -1).T
        >>> codes = np.append(factors, np.zeros((200, 1)), axis=1)  # the last one is dead
        >>> round(ridgeway_mozer_modularity(codes, factors).value, 6), round(modularity(codes, factors).value, 6)
        (0.75, 1.0)
    """
    return jackknife(lambda tables: _modularity(_matrix(tables), of_all=True), _tables(codes, factors, bins))


def _tables(codes: ArrayLike, factors: ArrayLike, bins: Bins) -> list[np.ndarray]:
    """Counts of codes and values, for each factor."""
    array = as_codes(codes)
    values = as_factors(factors, len(array))
    if values.shape[1] < 2:
        raise UserError("modularity needs two factors or more that vary, got one; add the others")
    return joint_counts(bin_codes(array, bins), values)


def _matrix(tables: list[np.ndarray]) -> np.ndarray:
    return np.stack([code_information(table) for table in tables], axis=1)  # [D, F]


def _modularity(information: np.ndarray, of_all: bool = False) -> float:
    squares = information**2
    most = squares.max(axis=1)
    rest = squares.sum(axis=1) - most
    told = most > 0
    scores = 1 - rest[told] / ((information.shape[1] - 1) * most[told])
    count = len(told) if of_all else np.sum(told)
    return float(np.sum(scores) / count) if told.any() else 0.0


def _dependent(counts: np.ndarray, level: float) -> np.ndarray:
    """Whether bins and values are dependent, for each code of counts `[D, bins, values]`."""
    from scipy.stats import chi2

    bins, values = counts.sum(axis=-1, keepdims=True), counts.sum(axis=-2, keepdims=True)
    expected = bins * values / counts.sum(axis=(-2, -1), keepdims=True)
    statistic = np.sum((counts - expected) ** 2 / np.where(expected > 0, expected, 1.0), axis=(-2, -1))
    freedom = (np.sum(bins > 0, axis=(-2, -1)) - 1) * (np.sum(values > 0, axis=(-2, -1)) - 1)
    return (freedom > 0) & (statistic > chi2.isf(level, np.maximum(freedom, 1)))
