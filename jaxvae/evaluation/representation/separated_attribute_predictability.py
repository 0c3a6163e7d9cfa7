"""SAP: whether each factor can be predicted from only one code."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from jaxvae.evaluation.figures import Estimate
from jaxvae.evaluation.representation.inputs import as_codes, as_factors, halves


def separated_attribute_predictability(codes: ArrayLike, factors: ArrayLike, *, seed: int = 0) -> Estimate:
    """The SAP score for factors with few values: Kumar et al. 2018, section 3.

    (1/F) Σ_k (S_jk − max_{i ≠ j} S_ik),  j = argmax_i S_ik

    S_ik is the balanced accuracy (mean over the V_k values) of predicting v_k from z_i by at most V_k − 1 thresholds. A
    decision tree fits the thresholds to a random half of the examples; S is the accuracy on the other half. A code
    without information is right for one value in V_k, so perfect codes score 1 − (1/F) Σ_k 1/V_k, not 1; a single code
    is compared with such a code. An increasing map of a code does not change the thresholds' accuracy.

    Args:
        codes: `[N, D]`, posterior means for instance.
        factors: numbers of their values, `[N, F]`.
        seed: of the halves.

    Returns:
        The score, with the standard error over the scored examples.

    Raises:
        UserError: if sizes do not match, codes are not finite, or a factor does not vary.

    Example:
        >>> factors = np.tile(np.indices((3, 2)).reshape(2, -1).T, (200, 1))
        >>> score = separated_attribute_predictability(factors, factors)
        >>> abs(score.value - (1 - (1 / 3 + 1 / 2) / 2)) < 0.1
        True
    """
    return _score(codes, factors, seed, _by_thresholds)


def linear_separated_attribute_predictability(codes: ArrayLike, factors: ArrayLike, *, seed: int = 0) -> Estimate:
    """The SAP score as it is mostly published: the accuracy of a linear support vector machine on one code.

    Here S_ik is the share of examples whose v_k a linear machine (C = 0.01, classes balanced) predicts from z_i; a
    single code is compared with a guess. From one code, a line separates two values of a factor, rarely more. Use it
    only to compare with published figures. Kumar et al. 2018, section 3, as in Locatello et al. 2019. Arguments, result
    and errors are those of `separated_attribute_predictability`.

    Example:
        >>> factors = np.tile(np.indices((2, 2)).reshape(2, -1).T, (100, 1))
        >>> abs(linear_separated_attribute_predictability(factors, factors).value - 0.5) < 0.1
        True
    """
    return _score(codes, factors, seed, _by_a_line)


_Right = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], list[np.ndarray]]


def _score(codes: ArrayLike, factors: ArrayLike, seed: int, right_of: _Right) -> Estimate:
    """The mean gap between the best and the second best code."""
    array = as_codes(codes)
    values = as_factors(factors, len(array))
    fit, score = halves(len(array), seed)
    gaps = []
    for factor in values.T:
        right = right_of(array[fit], factor[fit], array[score], factor[score])
        second, best = np.argsort(np.mean(right, axis=1))[-2:]
        gaps.append(right[best] - right[second])
    return Estimate.of(np.mean(gaps, axis=0))


def _by_thresholds(
    fit_codes: np.ndarray, fit_values: np.ndarray, codes: np.ndarray, values: np.ndarray
) -> list[np.ndarray]:
    """How correct each code is for each scored example, `[N / 2]` each; the mean is the balanced accuracy."""
    from sklearn.tree import DecisionTreeClassifier

    present, counts = np.unique(values, return_counts=True)
    weight = (len(values) / (len(present) * counts))[np.searchsorted(present, values)]  # the mean over values, not rows
    right = [np.full(len(values), 1 / len(present))]  # of a code without information
    leaves = max(2, len(np.unique(fit_values)))
    balance = 1.0 / np.bincount(fit_values)[fit_values]  # each value counts alike
    for fit_code, code in zip(fit_codes.T[..., None], codes.T[..., None], strict=True):
        tree = DecisionTreeClassifier(max_leaf_nodes=leaves, random_state=0)
        tree.fit(fit_code, fit_values, balance)
        right.append(weight * (tree.predict(code) == values))
    return right


def _by_a_line(
    fit_codes: np.ndarray, fit_values: np.ndarray, codes: np.ndarray, values: np.ndarray
) -> list[np.ndarray]:
    """Whether each code is correct for each scored example, `[N / 2]` each."""
    from sklearn.svm import LinearSVC

    if len(np.unique(fit_values)) < 2:  # by chance, with few examples: there is nothing to separate
        return [np.zeros(len(values))] * 2
    right = [] if fit_codes.shape[1] > 1 else [np.full(len(values), 1 / len(np.unique(values)))]
    for fit_code, code in zip(fit_codes.T[..., None], codes.T[..., None], strict=True):
        machine = LinearSVC(C=0.01, class_weight="balanced", random_state=0)
        machine.fit(fit_code, fit_values)
        right.append(np.asarray(machine.predict(code) == values, float))
    return right
