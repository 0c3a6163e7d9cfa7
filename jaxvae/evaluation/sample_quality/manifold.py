"""Precision and recall, density and coverage: samples in balls around members of the other sample."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from jaxvae.checks import check_range
from jaxvae.evaluation.figures import Estimate
from jaxvae.evaluation.sample_quality.extractor import check_features
from jaxvae.evaluation.sample_quality.neighbours import ball_squares, in_balls


class PrecisionRecall(NamedTuple):
    """Shares of two samples; each error is that of a share with fixed balls."""

    precision: Estimate
    """Share of the generated samples in a ball of a real one."""
    recall: Estimate
    """Share of the real samples in a ball of a generated one."""


class DensityCoverage(NamedTuple):
    """Means over two samples; each error is that of a mean with fixed balls."""

    density: Estimate
    """Mean over generated samples of the number of real balls around them, divided by k: may exceed 1."""
    coverage: Estimate
    """Share of the real balls with a generated sample in them."""


def _check(owner: Callable[..., object], real: np.ndarray, generated: np.ndarray, k: int) -> list[np.ndarray]:
    check_range(owner, at_least=1, k=k)
    return check_features(owner, k + 1, real=real, generated=generated)


def precision_recall(real: np.ndarray, generated: np.ndarray, k: int = 3) -> PrecisionRecall:
    """The share of generated samples that resemble real ones, and the share of real samples that are reached.

    precision = 1/m Σ_j 1[∃ i: ‖y_j − x_i‖ ≤ r_k(x_i)],  recall = 1/n Σ_i 1[∃ j: ‖x_i − y_j‖ ≤ r_k(y_j)]

    with r_k the distance to the k-th nearest member of the same sample. Kynkäänniemi et al. 2019, equations 1 and 2.

    Args:
        real: x, features `[n, d]`.
        generated: y, features `[m, d]`.
        k: neighbours, 3 as in the paper.

    Raises:
        UserError: for k below 1, fewer than k + 1 samples, or what `check_features` refuses.

    Example:
        >>> real, generated = np.array([[0.0], [1.0], [3.0]]), np.array([[1.5], [9.0], [8.0]])
        >>> scores = precision_recall(real, generated, k=1)
        >>> round(scores.precision.value, 3), round(scores.recall.value, 3)
        (0.333, 1.0)
    """
    x, y = _check(precision_recall, real, generated, k)
    return PrecisionRecall(
        precision=Estimate.of(in_balls(y, x, ball_squares(x, k)).balls > 0),
        recall=Estimate.of(in_balls(x, y, ball_squares(y, k)).balls > 0),
    )


def density_coverage(real: np.ndarray, generated: np.ndarray, k: int = 5) -> DensityCoverage:
    """Versions of precision and recall that one outlier changes little: both use only balls around real samples.

    density = 1/(k m) Σ_j Σ_i 1[‖y_j − x_i‖ ≤ r_k(x_i)],  coverage = 1/n Σ_i 1[∃ j: ‖y_j − x_i‖ ≤ r_k(x_i)]

    Naeem et al. 2020, section 3.2. If the two distributions are equal, the expected density is 1, and the expected
    coverage is 1 − (n−1)…(n−k) / ((m+n−1)…(m+n−k)): near 1 − 2⁻ᵏ for n = m (their section 3.3).

    Args:
        real: x, features `[n, d]`.
        generated: y, features `[m, d]`.
        k: neighbours, 5 as in the paper.

    Raises:
        UserError: for k below 1, fewer than k + 1 samples, or what `check_features` refuses.
    """
    x, y = _check(density_coverage, real, generated, k)
    found = in_balls(y, x, ball_squares(x, k))
    return DensityCoverage(density=Estimate.of(found.balls / k), coverage=Estimate.of(found.is_reached))
