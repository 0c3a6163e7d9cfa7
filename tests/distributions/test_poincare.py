"""The Poincaré ball: maps and distances against formulas of another model, its limits, its rim in float32."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jaxvae.distributions import PoincareNormal
from jaxvae.distributions.poincare import RIM, exp_map, log_map, to_rim
from jaxvae.typing import Array
from tests.helpers import assert_finite

DIM = 3


def points(seed: int, curvature: float, count: int = 50, farthest: float = 0.95) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, DIM))
    return x * rng.uniform(0, farthest, (count, 1)) / np.linalg.norm(x, axis=-1, keepdims=True) / np.sqrt(curvature)


@pytest.mark.slow
@pytest.mark.parametrize("curvature", [0.1, 1.0, 3.0])
def test_the_maps_are_inverse_and_as_long_as_the_distance(curvature: float) -> None:
    """Distance arccosh(1 + 2c ‖x − y‖² / ((1 − c‖x‖²)(1 − c‖y‖²))) / √c."""
    x, y = points(0, curvature), points(1, curvature)
    with jax.enable_x64(True):
        c = jnp.full((len(x), 1), curvature)
        vector = log_map(jnp.asarray(x), jnp.asarray(y), c)
        np.testing.assert_allclose(exp_map(jnp.asarray(x), vector, c), y, rtol=1e-9, atol=1e-12)
        gaps = [1 - curvature * np.sum(z**2, axis=-1) for z in (x, y)]
        ratio = 2 * curvature * np.sum((x - y) ** 2, axis=-1) / (gaps[0] * gaps[1])
        np.testing.assert_allclose(
            np.linalg.norm(vector, axis=-1), np.arccosh(1 + ratio) / np.sqrt(curvature), rtol=1e-9
        )
    single = log_map(jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32), jnp.full((len(x), 1), curvature))
    np.testing.assert_allclose(single, vector, rtol=2e-5, atol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("curvature", [0.1, 1.0])
def test_density_in_three_dimensions_sums_to_one(curvature: float) -> None:
    """About 0 with one scale the density depends on the radius alone: ∫ 4π r² p(r) dr."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    half = 3.0 * (nodes + 1)
    radius, slope = np.tanh(half) / np.sqrt(curvature), 3.0 / np.cosh(half) ** 2 / np.sqrt(curvature)
    p = PoincareNormal(jnp.zeros(DIM), jnp.full(DIM, 0.8), jnp.array(curvature))
    log_probs = p.log_prob(jnp.asarray(np.stack([radius, 0 * radius, 0 * radius], axis=-1), jnp.float32))
    total = np.sum(weights * slope * 4 * np.pi * radius**2 * np.exp(np.asarray(log_probs, np.float64)))
    np.testing.assert_allclose(total, 1.0, rtol=1e-5)


def test_a_flat_ball_has_the_normal_distribution() -> None:
    """As c → 0 distance is twice the Euclidean one: N(loc, scale / 2), the relative error is of order c."""
    loc, scale = np.array([0.3, -1.0, 2.0]), np.array([0.5, 1.0, 1.7])
    x = np.random.default_rng(2).normal(size=(20, DIM))
    p = PoincareNormal(jnp.asarray(loc, jnp.float32), jnp.asarray(scale, jnp.float32), jnp.array(1e-6))
    expected = stats.norm.logpdf(x, loc, scale / 2).sum(-1)
    np.testing.assert_allclose(p.log_prob(jnp.asarray(x, jnp.float32)), expected, rtol=2e-4, atol=2e-4)


@pytest.mark.slow
@pytest.mark.parametrize("curvature", [1e-2, 1.0, 100.0])
def test_far_out_draws_stay_within_the_rim_with_finite_densities_and_gradients(curvature: float) -> None:
    radius = 1 / np.sqrt(curvature)

    def log_prob(loc: Array, scale: Array, c: Array, key: Array) -> tuple[Array, Array]:
        q = PoincareNormal(loc, scale, c)
        z = q.sample(key)
        return q.log_prob(z) - PoincareNormal(jnp.zeros(DIM), jnp.ones(DIM), c).log_prob(z), z

    both = jax.jit(jax.value_and_grad(log_prob, (0, 1, 2), has_aux=True))
    for i, (where, scale) in enumerate([(0.0, 1e-4), (0.0, 1e4), (0.9, 1.0), (1.0, 1e-4), (1.0, 1e4), (50.0, 3.0)]):
        loc = jnp.asarray(where * radius * np.array([0.6, 0.0, -0.8]), jnp.float32)
        (value, z), gradients = both(loc, jnp.full(DIM, scale), jnp.array(curvature), jax.random.key(i))
        assert_finite((value, z, gradients))
        assert np.linalg.norm(z) <= (1 - RIM) * radius * (1 + 1e-6)


@pytest.mark.slow
def test_gradients_at_equal_points_and_at_0() -> None:
    """Of the log map at base = point it is λ I, of the exponential map at 0 it is I / λ: no 0 / 0."""
    base, c = jnp.array([0.3, -0.2, 0.1]), jnp.array([1.0])
    factor = 2 / (1 - 0.14)
    np.testing.assert_allclose(jax.jacobian(log_map, 1)(base, base, c), factor * np.eye(3), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        jax.jacobian(exp_map, 1)(base, jnp.zeros(3), c), np.eye(3) / factor, rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(to_rim(jnp.zeros(3), c), np.zeros(3))
