"""The kernel distance between two samples of features."""

import math

import numpy as np

from jaxvae.checks import check_range
from jaxvae.evaluation.figures import Estimate
from jaxvae.evaluation.sample_quality.extractor import check_features
from jaxvae.objectives.discrepancy import unbiased_mmd


def polynomial_kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """k(x, y) = (x·y / d + 1)³: `[n, d]` and `[m, d]` to `[n, m]`. Bińkowski et al. 2018, section 4.1."""
    base = x @ y.T / x.shape[1] + 1.0
    return base * base * base


def kernel_distance(
    real: np.ndarray, generated: np.ndarray, *, num_subsets: int = 100, subset_size: int = 1000, seed: int = 0
) -> Estimate:
    """The squared maximum mean discrepancy between two samples under the polynomial kernel, without bias.

    It is the mean of `unbiased_mmd` over random subsets. If the two are equal, it is below 0 about half of the time.
    Over features of Inception-v3 it is the KID of Bińkowski et al. 2018, section 4.1.

    Subsets share examples, so s / √S, from their standard deviation s and number S, would be too small an error. The
    standard error is √(s² (m / (n − m) + 1 / S)) for m of n examples (n of the smaller sample). It includes the error
    of the whole sample, by the delete-d jackknife (Shao and Wu 1989, equation 2.1), and that of the choice of subsets.
    It is too large if the two distributions are equal, where the statistic is degenerate, and None if a subset is the
    whole sample.

    Args:
        real: `[n, d]`.
        generated: `[m, d]`.
        num_subsets: S, at least 2.
        subset_size: examples of either sample in one subset, at least 2.
        seed: of the choice of subsets.

    Raises:
        UserError: for numbers out of range, fewer than `subset_size` samples, or what `check_features` refuses.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> distance = kernel_distance(rng.normal(size=(90, 3)), 2.0 + rng.normal(size=(80, 3)), subset_size=20)
        >>> distance.value > 5.0 * distance.standard_error
        True
    """
    check_range(kernel_distance, at_least=2, num_subsets=num_subsets, subset_size=subset_size)
    samples = check_features(kernel_distance, subset_size, real=real, generated=generated)
    rng = np.random.default_rng(seed)
    estimates = np.empty(num_subsets)
    for i in range(num_subsets):
        x, y = (sample[rng.choice(len(sample), subset_size, replace=False)] for sample in samples)
        kernels = (polynomial_kernel(*pair) for pair in ((x, x), (y, y), (x, y)))
        estimates[i] = unbiased_mmd(*kernels, count=subset_size)
    left_out = min(map(len, samples)) - subset_size
    error = None
    if left_out > 0:
        error = float(np.std(estimates, ddof=1)) * math.sqrt(subset_size / left_out + 1.0 / num_subsets)
    return Estimate(float(np.mean(estimates)), error)
