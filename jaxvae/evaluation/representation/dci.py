"""DCI: disentanglement, completeness and informativeness of codes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from jaxvae.errors import UserError
from jaxvae.evaluation.figures import Estimate
from jaxvae.evaluation.representation.histograms import entropy
from jaxvae.evaluation.representation.inputs import as_codes, as_factors, halves

_TREES = 20
_LEAF = 5  # examples: smaller leaves learn single examples


class DCI(NamedTuple):
    """The numbers behind the three scores."""

    importances: np.ndarray
    """Importance of each code for each factor, `[D, F]`; each column sums to 1, or to 0 if no code matters for it."""
    informativeness: Estimate
    """Share of correctly predicted values, mean over factors; standard error over examples."""

    @property
    def disentanglement(self) -> float:
        """1 if each code matters for only one factor."""
        return disentanglement(self.importances)

    @property
    def completeness(self) -> float:
        """1 if each factor needs only one code."""
        return completeness(self.importances)


def dci(codes: ArrayLike, factors: ArrayLike, *, seed: int = 0) -> DCI:
    """Disentanglement, completeness and informativeness: Eastwood and Williams 2018, section 2.

    A random forest of 20 trees, which sees every code at every split, predicts each factor from all codes. It is fitted
    to a random half of the examples. R_ij is the importance of code i for factor j: its share of the fall of the Gini
    impurity. Informativeness is the accuracy on the other half (larger is better, unlike the regression error of the
    paper); codes without information reach the frequency of the commonest value. Read the other two together with it: a
    forest that predicts nothing also has importances, and they count like any others.

    Args:
        codes: `[N, D]`, posterior means for instance.
        factors: numbers of their values, `[N, F]`.
        seed: of the halves and of the forests.

    Raises:
        UserError: if sizes do not match, codes are not finite, or a factor does not vary.

    Example:
        >>> factors = np.tile(np.indices((3, 2)).reshape(2, -1).T, (20, 1))
        >>> scores = dci(factors, factors)
        >>> round(scores.disentanglement, 3), round(scores.completeness, 3), scores.informativeness.value
        (1.0, 1.0, 1.0)
    """
    from sklearn.ensemble import RandomForestClassifier

    array = as_codes(codes)
    values = as_factors(factors, len(array))
    fit, score = halves(len(array), seed)
    importances, right = [], []
    for factor in values.T:
        forest = RandomForestClassifier(
            _TREES,
            max_features=None,  # type: ignore[arg-type]
            min_samples_leaf=_LEAF,
            random_state=seed,
        )
        forest.fit(array[fit], factor[fit])
        importances.append(forest.feature_importances_)
        right.append(forest.predict(array[score]) == factor[score])
    return DCI(np.stack(importances, axis=1), Estimate.of(np.mean(right, axis=0)))


def disentanglement(importances: np.ndarray) -> float:
    """Σ_i ρ_i (1 − H(P_i·) / log F),  P_ij = R_ij / Σ_j R_ij,  ρ_i = Σ_j R_ij / Σ_ij R_ij,  in [0, 1].

    A code that matters for no factor has no weight; 0 if none does.

    Args:
        importances: R, `[D, F]`, not negative.

    Raises:
        UserError: for a single factor.

    >>> disentanglement(np.array([[1.0, 1.0], [0.0, 0.0], [2.0, 0.0]]))
    0.5
    """
    if importances.shape[1] < 2:
        raise UserError("disentanglement needs two factors or more that vary, got one; add the others")
    weights = importances.sum(axis=1)
    return float(weights @ _purity(importances) / weights.sum()) if weights.any() else 0.0


def completeness(importances: np.ndarray) -> float:
    """(1/F) Σ_j (1 − H(P·j) / log D),  P_ij = R_ij / Σ_i R_ij,  in [0, 1]; a factor without a code counts 0.

    Args:
        importances: R, `[D, F]`, not negative.

    Raises:
        UserError: for a single code.

    >>> completeness(np.array([[1.0, 1.0], [0.0, 1.0]]))
    0.5
    """
    if importances.shape[0] < 2:
        raise UserError("completeness needs two codes or more, got one; train with more latents")
    return float(np.mean(_purity(importances.T)))


def _purity(rows: np.ndarray) -> np.ndarray:
    """1 − H / log(length) of each row of weights; 0 for a row of zeros."""
    shares = np.where(rows.sum(axis=1, keepdims=True) > 0, rows, 1.0)  # equal weights have no purity
    return np.maximum(1 - entropy(shares) / np.log(rows.shape[1]), 0.0)  # rounding may exceed log
