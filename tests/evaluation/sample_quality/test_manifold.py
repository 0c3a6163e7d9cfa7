"""Nearest neighbours, and the four shares made of them, against loops, hand-made sets and their expectations."""

import numpy as np
import pytest

import jaxvae as jv
from jaxvae.evaluation.sample_quality import density_coverage, neighbours, precision_recall
from jaxvae.evaluation.sample_quality.neighbours import ball_squares, in_balls, nearest

REAL, GENERATED = np.random.default_rng(0).normal(size=(37, 3)), np.random.default_rng(1).normal(0.7, 1.5, (29, 3))


@pytest.fixture(params=[2**23, 150], ids=["at once", "in chunks"])
def chunked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory for all distances, or for those of some rows, the last chunk shorter."""
    monkeypatch.setattr(neighbours, "NUMBERS_AT_ONCE", request.param)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.sum((a - b) ** 2)))


def radius(points: np.ndarray, i: int, k: int) -> float:
    return sorted(distance(points[i], points[j]) for j in range(len(points)) if j != i)[k - 1]


@pytest.mark.usefixtures("chunked")
@pytest.mark.parametrize("k", [1, 4])
def test_against_loops(k: int) -> None:
    x, y = REAL, GENERATED
    is_in = np.array([[distance(a, b) <= radius(x, i, k) for i, a in enumerate(x)] for b in y])
    other = np.array([[distance(a, b) <= radius(y, j, k) for j, b in enumerate(y)] for a in x])
    shares, means = precision_recall(x, y, k), density_coverage(x, y, k)
    np.testing.assert_allclose(shares.precision.value, is_in.any(1).mean(), rtol=1e-12)
    np.testing.assert_allclose(shares.recall.value, other.any(1).mean(), rtol=1e-12)
    np.testing.assert_allclose(means.density.value, is_in.sum() / (k * len(y)), rtol=1e-12)
    np.testing.assert_allclose(means.coverage.value, is_in.any(0).mean(), rtol=1e-12)
    assert 0 < shares.precision.value < 1
    assert 0 < means.coverage.value < 1
    error = is_in.any(1).std(ddof=1) / np.sqrt(len(y))
    np.testing.assert_allclose(shares.precision.standard_error, error, rtol=1e-12)


@pytest.mark.usefixtures("chunked")
def test_neighbours_against_loops() -> None:
    far = 1e6 + REAL  # squares of 1e12 must not drown the differences
    indices, distances = nearest(far[:31], 1e6 + GENERATED)
    table = np.array([[distance(a, b) for b in GENERATED] for a in REAL[:31]])
    np.testing.assert_array_equal(indices, table.argmin(1))
    np.testing.assert_allclose(distances, table.min(1), rtol=1e-8)
    radii = np.sqrt(ball_squares(far, 5))
    np.testing.assert_allclose(radii, [radius(REAL, i, 5) for i in range(len(REAL))], rtol=1e-7)


def test_shares_of_hand_made_sets() -> None:
    """Two clusters of which one is generated, and one point far from both."""
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    real = np.concatenate([corners, 10.0 + corners])
    generated = np.concatenate([corners + 0.1, [[50.0, 50.0]]])
    shares, means = precision_recall(real, generated, k=2), density_coverage(real, generated, k=2)
    assert shares.precision.value == pytest.approx(4 / 5)
    # the far point's ball reaches over everything; without it half of what is real
    assert shares.recall.value == 1.0
    assert precision_recall(real, generated[:4], k=2).recall.value == pytest.approx(4 / 8)
    assert means.coverage.value == pytest.approx(4 / 8)
    # radius 1: (.1,.1) is in 3 balls, (.1,1.1) and (1.1,.1) in 2 each, (1.1,1.1) in 1
    assert means.density.value == pytest.approx((3 + 2 + 2 + 1) / (2 * 5))


def test_what_lies_on_a_surface_is_inside_whatever_the_rounding() -> None:
    """A copy of the real set: each ball holds its centre, and its k neighbours, the last one on its surface."""
    real = np.random.default_rng(2).uniform(size=(60, 11)) + 100.0
    shares, means = precision_recall(real, real.copy(), k=3), density_coverage(real, real.copy(), k=3)
    assert shares.precision.value == shares.recall.value == means.coverage.value == 1.0
    assert means.density.value == pytest.approx(4 / 3)
    assert in_balls(np.ones((1, 2)), np.ones((3, 2)), np.zeros(3)).balls.tolist() == [3]


def test_distant_samples_share_nothing() -> None:
    shares, means = precision_recall(REAL, GENERATED + 100), density_coverage(REAL, GENERATED + 100)
    assert shares.precision.value == shares.recall.value == means.density.value == means.coverage.value == 0.0


def test_expectations_of_equal_distributions() -> None:
    """Density 1, and the coverage of Naeem et al. 2020, section 3.3, which depends on no distribution."""
    rng, n, m, k = np.random.default_rng(3), 40, 30, 3
    found = [density_coverage(rng.gumbel(size=(n, 2)), rng.gumbel(size=(m, 2)), k) for _ in range(400)]
    values = np.array([(one.density.value, one.coverage.value) for one in found])
    coverage = 1 - np.prod([(n - i) / (m + n - i) for i in range(1, k + 1)])
    z = (values.mean(0) - [1.0, coverage]) / (values.std(0, ddof=1) / np.sqrt(len(values)))
    assert np.all(np.abs(z) < 5), z


def test_bad_input() -> None:
    with pytest.raises(jv.UserError, match=r"precision_recall needs 4 generated samples or more, got 3"):
        precision_recall(REAL, GENERATED[:3], k=3)
    with pytest.raises(jv.UserError, match=r"density_coverage.k must be >= 1, got 0"):
        density_coverage(REAL, GENERATED, k=0)
