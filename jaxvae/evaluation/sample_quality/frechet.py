"""The Fréchet distance between two samples of features."""

import numpy as np

from jaxvae.evaluation.sample_quality.extractor import check_features


def frechet_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """The squared Fréchet distance between the normals with the moments of two samples [squared feature units].

    Over features of Inception-v3 it is the FID of Heusel et al. 2017, section 3. With few samples it is biased upward,
    by about 1/n (Bińkowski et al. 2018, section 3 and appendix D), so compare only figures of equal sample sizes. With
    fewer samples than features the covariances are also singular.

    Args:
        real: `[n, d]`.
        generated: `[m, d]`.

    Raises:
        UserError: for fewer than two of either, other shapes, or numbers that are not finite.

    Example:
        >>> real = np.array([[0.0], [2.0]])
        >>> round(frechet_distance(real, real + 3.0), 6)
        9.0
    """
    moments = []
    for sample in check_features(frechet_distance, 2, real=real, generated=generated):
        moments += [sample.mean(axis=0), np.atleast_2d(np.cov(sample, rowvar=False))]
    return frechet_distance_of_normals(*moments)


def frechet_distance_of_normals(
    mean: np.ndarray, covariance: np.ndarray, other_mean: np.ndarray, other_covariance: np.ndarray
) -> float:
    """The squared Fréchet (2-Wasserstein) distance between N(μ₁, C₁) and N(μ₂, C₂).

    d² = ‖μ₁ − μ₂‖² + tr(C₁ + C₂ − 2 (C₁ C₂)^½)

    Dowson and Landau 1982, equation 4. C₁ C₂ has the eigenvalues of the symmetric C₁^½ C₂ C₁^½, so no root of an
    unsymmetric matrix with imaginary parts is needed.

    Args:
        mean: μ₁, `[d]`.
        covariance: C₁, `[d, d]`, symmetric, of any rank.
        other_mean: μ₂, `[d]`.
        other_covariance: C₂, `[d, d]`.

    Example:
        >>> round(frechet_distance_of_normals(np.zeros(2), np.eye(2), np.ones(2), 4.0 * np.eye(2)), 6)  # 2 + 2 (1 − 2)²
        4.0
    """
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    squares = np.linalg.eigvalsh(root @ other_covariance @ root)
    trace_of_root = np.sum(np.sqrt(np.maximum(squares, 0.0)))  # below 0 by rounding alone
    between_means = np.sum((np.asarray(mean) - other_mean) ** 2)
    return float(between_means + np.trace(covariance) + np.trace(other_covariance) - 2.0 * trace_of_root)
