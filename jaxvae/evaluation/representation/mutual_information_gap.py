"""MIG: whether only one code has information on each factor."""

import numpy as np
from numpy.typing import ArrayLike

from jaxvae.evaluation.figures import Estimate
from jaxvae.evaluation.representation.histograms import (
    Bins,
    bin_codes,
    code_information,
    entropy,
    jackknife,
    joint_counts,
)
from jaxvae.evaluation.representation.inputs import as_codes, as_factors


def mutual_information_gap(codes: ArrayLike, factors: ArrayLike, *, bins: Bins = "equal_width") -> Estimate:
    """The mutual information gap: Chen et al. 2018, equation 6.

    (1/F) Σ_k (I(z_j; v_k) − max_{i ≠ j} I(z_i; v_k)) / H(v_k),  j = argmax_i I(z_i; v_k)

    In [0, 1]: 1 if one code determines each factor and no other code has information on it; 0 if two codes have equal
    information. A single code has no second. I is computed from histograms of the given codes with 20 bins each
    (Locatello et al. 2019, appendix C), not from draws of q(z|x).

    Args:
        codes: `[N, D]`, posterior means for instance.
        factors: numbers of their values, `[N, F]`.
        bins: `equal_width`, or `equal_mass`, which no increasing map of a code changes.

    Returns:
        The gap, with the standard error over examples.

    Raises:
        UserError: if sizes do not match, codes are not finite, or a factor does not vary.

    Example:
        >>> factors = np.indices((3, 2)).reshape(2, -1).T
        >>> round(mutual_information_gap(factors, factors).value, 6)
        1.0
    """
    array = as_codes(codes)
    return jackknife(_gap, joint_counts(bin_codes(array, bins), as_factors(factors, len(array))))


def _gap(tables: list[np.ndarray]) -> float:
    gaps = []
    for table in tables:  # [D, bins, values]
        best, second = np.sort(np.append(code_information(table), 0.0))[:-3:-1]
        uncertainty = entropy(table[0].sum(axis=0))
        gaps.append((best - second) / uncertainty if uncertainty > 0 else 0.0)
    return float(np.mean(gaps))
