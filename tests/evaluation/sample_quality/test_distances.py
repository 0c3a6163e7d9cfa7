"""Fréchet and kernel distances against closed forms, scipy's root of a matrix and moments of normals."""

import itertools

import numpy as np
import pytest
from scipy import linalg, stats

import jaxvae as jv
from jaxvae.evaluation.sample_quality import (
    frechet_distance,
    frechet_distance_of_normals,
    kernel_distance,
    polynomial_kernel,
)


def covariance(seed: int, d: int, rank: int | None = None) -> np.ndarray:
    """A random covariance matrix."""
    factor = np.random.default_rng(seed).normal(size=(d, rank or d + 1))
    return factor @ factor.T / d


def test_frechet_of_commuting_covariances_is_a_sum() -> None:
    """‖μ₁ − μ₂‖² + Σ (σ₁ − σ₂)², also where a deviation is 0, and after a rotation."""
    mean, other = np.array([1.0, -2.0, 0.5]), np.array([0.0, 3.0, 0.25])
    deviations, others = np.array([2.0, 0.3, 0.0]), np.array([1.0, 5.0, 0.7])
    expected = np.sum((mean - other) ** 2) + np.sum((deviations - others) ** 2)
    rotation = stats.special_ortho_group.rvs(3, random_state=0)
    for turn in (np.eye(3), rotation):
        covariances = [turn @ np.diag(some**2) @ turn.T for some in (deviations, others)]
        distance = frechet_distance_of_normals(turn @ mean, covariances[0], turn @ other, covariances[1])
        np.testing.assert_allclose(distance, expected, rtol=1e-7)


@pytest.mark.parametrize("rank", [None, 3])
def test_frechet_against_the_root_of_scipy(rank: int | None) -> None:
    """Covariances that do not commute; of the second case only one has full rank."""
    first, second = covariance(1, 7), covariance(2, 7, rank)
    assert np.abs(first @ second - second @ first).max() > 0.1
    root = linalg.sqrtm(first @ second)
    mean = np.linspace(-1, 1, 7)
    expected = mean @ mean + np.trace(first + second - 2 * root.real)
    np.testing.assert_allclose(frechet_distance_of_normals(mean, first, np.zeros(7), second), expected, rtol=1e-5)


def test_frechet_of_one_normal_with_itself_is_zero() -> None:
    matrix = covariance(3, 20, rank=4)
    assert abs(frechet_distance_of_normals(np.ones(20), matrix, np.ones(20), matrix)) < 1e-6


def test_frechet_of_samples_is_that_of_their_moments_and_nears_the_truth() -> None:
    rng = np.random.default_rng(0)
    covariances, means = (covariance(4, 5), covariance(5, 5)), (np.zeros(5), np.arange(5.0))
    truth = frechet_distance_of_normals(means[0], covariances[0], means[1], covariances[1])

    def sampled(n: int, m: int) -> float:
        x, y = (rng.multivariate_normal(*some) for some in zip(means, covariances, (n, m), strict=True))
        moments = [moment(some) for some in (x, y) for moment in (lambda s: s.mean(0), lambda s: np.cov(s.T))]
        distance = frechet_distance(x, y)
        np.testing.assert_allclose(distance, frechet_distance_of_normals(*moments), rtol=1e-9)
        return distance

    distances = np.array([sampled(2000, 3000) for _ in range(20)])
    # the bias is of the order of (traces of covariances) / n, here below 0.01: far inside the spread of one
    error = distances.std(ddof=1) / np.sqrt(len(distances))
    assert 0 < error < 0.05 * truth
    assert abs(distances.mean() - truth) < 6 * error + 0.01


def test_frechet_is_biased_upward_with_few_samples() -> None:
    rng = np.random.default_rng(1)
    few = [frechet_distance(rng.normal(size=(10, 6)), rng.normal(size=(11, 6))) for _ in range(20)]
    assert min(few) > 0.5  # the truth is 0


def test_frechet_of_one_feature() -> None:
    distance = frechet_distance(np.array([[0.0], [2.0]]), np.array([[1.0], [5.0], [9.0]]))
    np.testing.assert_allclose(distance, (5 - 1) ** 2 + (4 - np.sqrt(2)) ** 2)


def moment_tensors(mean: np.ndarray, covariance: np.ndarray) -> list[np.ndarray]:
    """E[x], E[x ⊗ x], E[x ⊗ x ⊗ x] of a normal (Isserlis)."""
    third = np.einsum("i,j,k->ijk", mean, mean, mean)
    for order in ("i,jk->ijk", "j,ik->ijk", "k,ij->ijk"):
        third = third + np.einsum(order, mean, covariance)
    return [mean, covariance + np.outer(mean, mean), third]


def test_kernel_distance_against_the_closed_form_of_normals() -> None:
    """(x·y/d + 1)³ = Σ_j C(3, j) d⁻ʲ ⟨x^⊗j, y^⊗j⟩, so that MMD² = Σ_j C(3, j) d⁻ʲ ‖difference of j-th moments‖²."""
    means, covariances = (np.zeros(2), np.array([0.4, -0.2])), (np.eye(2), covariance(6, 2))
    tensors = [moment_tensors(*pair) for pair in zip(means, covariances, strict=True)]
    truth = sum(
        weight / 2**power * np.sum((x - y) ** 2)
        for weight, power, x, y in zip((3, 3, 1), (1, 2, 3), *tensors, strict=True)
    )
    rng = np.random.default_rng(2)
    estimates = []
    for seed in range(60):
        x, y = (rng.multivariate_normal(*some) for some in zip(means, covariances, (400, 500), strict=True))
        estimates.append(kernel_distance(x, y, num_subsets=40, subset_size=100, seed=seed))
    values, errors = np.array(estimates).T
    assert abs(values.mean() - truth) < 5 * values.std(ddof=1) / np.sqrt(60)  # unbiased
    assert 0.7 < np.sqrt(np.mean(errors**2)) / values.std(ddof=1) < 2.0  # the error says how far it is off


def test_kernel_distance_of_equal_distributions_is_zero_within_its_error() -> None:
    rng = np.random.default_rng(3)
    distances = [kernel_distance(rng.normal(size=(300, 4)), rng.normal(size=(310, 4)), subset_size=60) for _ in "12345"]
    assert min(distance.value for distance in distances) < 0 < max(distance.value for distance in distances)
    for value, error in distances:
        assert error is not None
        assert abs(value) < 5 * error


def test_kernel_distance_of_one_subset_of_everything_against_loops() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(6, 3)), rng.normal(1.0, 2.0, size=(6, 3))

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 3 + 1) ** 3)

    others = list(itertools.permutations(range(6), 2))
    expected = np.mean([kernel(x[i], x[j]) + kernel(y[i], y[j]) for i, j in others])
    expected -= 2 * np.mean([kernel(a, b) for a in x for b in y])
    distance = kernel_distance(x, y, num_subsets=2, subset_size=6)
    np.testing.assert_allclose(distance.value, expected, rtol=1e-12)
    assert distance.standard_error is None  # both subsets are everything: no spread says anything
    np.testing.assert_allclose(polynomial_kernel(x, y)[4, 1], kernel(x[4], y[1]))


def test_kernel_distance_is_a_function_of_its_seed() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(50, 3)), rng.normal(size=(40, 3))
    first, again, other = (kernel_distance(x, y, subset_size=9, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_bad_input() -> None:
    x = np.ones((5, 3))
    with pytest.raises(jv.UserError, match=r"frechet_distance needs 2 generated samples or more, got 1: give more"):
        frechet_distance(x, x[:1])
    with pytest.raises(jv.UserError, match=r"features \[n, d\] of one d, got real \(5, 3\), generated \(5, 2\)"):
        frechet_distance(x, x[:, :2])
    with pytest.raises(jv.UserError, match=r"got NaN or infinity among real"):
        frechet_distance(np.full((5, 3), np.nan), x)
    with pytest.raises(jv.UserError, match=r"kernel_distance needs 6 real samples or more, got 5"):
        kernel_distance(x, np.ones((7, 3)), subset_size=6)
    with pytest.raises(jv.UserError, match=r"kernel_distance.num_subsets must be >= 2, got 1"):
        kernel_distance(x, x, num_subsets=1)
