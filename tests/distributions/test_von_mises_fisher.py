"""The sphere in many dimensions: Bessel ratios to the last digits, exact draws, gradients of draws without bias."""

from decimal import Decimal, localcontext

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

import jaxvae as jv
from jaxvae.distributions import HypersphericalUniform, VonMisesFisher
from jaxvae.distributions.bessel import SphereTerms, sphere_terms
from jaxvae.distributions.sphere_angle import angle_slope, sample_angle
from jaxvae.typing import Array
from tests.helpers import assert_finite, assert_mean, keys

DIMS = (2, 3, 10, 21, 100)
CONCENTRATIONS = (1e-3, 0.1, 3.0, 30.0, 1e3, 1e4)


def exact_terms(dim: int, concentration: float) -> tuple[list[float], list[float]]:
    """The four terms and their derivatives to 50 digits, by the power series of F_v = E[exp(κ t)]."""
    with localcontext() as context:
        context.prec = 60
        k = Decimal(concentration)

        def series(dim: int) -> Decimal:
            total = term = Decimal(1)
            n = 0
            while n < concentration or term > total * Decimal(10) ** -55:
                n += 1
                term *= k**2 / (2 * n * (dim + 2 * n - 2))
                total += term
            return total

        f, mean = series(dim), k / dim * series(dim + 2) / series(dim)
        slope = 1 - mean**2 - (dim - 1) * mean / k
        terms = [f.ln() - k, k * mean - f.ln(), mean, 1 - mean]
        slopes = [mean - 1, k * slope, slope, -slope]
        return [float(term) for term in terms], [float(slope) for slope in slopes]


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 3e-5), (np.float64, 2e-6)])
def test_terms_and_their_derivatives_keep_every_digit(dtype: type, tolerance: float) -> None:
    """A relative error, of numbers from 1e-9 to 1e4, none of which may be lost in a difference."""
    with jax.enable_x64(dtype is np.float64):
        concentrations = np.asarray(CONCENTRATIONS, np.float32).astype(dtype)
        for dim in DIMS:
            jvp = jax.jit(lambda k, dim=dim: jax.jvp(lambda k: sphere_terms(k, dim), (k,), (jnp.ones_like(k),)))
            terms, slopes = (np.stack(values, axis=1) for values in jvp(jnp.asarray(concentrations)))
            assert terms.dtype == slopes.dtype == dtype
            expected = [exact_terms(dim, float(k)) for k in concentrations]
            np.testing.assert_allclose(terms, [e for e, _ in expected], rtol=tolerance)
            np.testing.assert_allclose(slopes, [e for _, e in expected], rtol=tolerance)


def test_terms_are_finite_at_any_concentration() -> None:
    concentrations = jnp.array([0.0, 1e-8, 1e-4, 1e5, 1e6])
    for dim in (2, 100):
        terms, slopes = jax.jvp(lambda k, dim=dim: sphere_terms(k, dim), (concentrations,), (jnp.ones(5),))
        assert_finite((terms, slopes))
        assert all(np.all(np.asarray(values) >= 0) for values in terms[1:])
    assert SphereTerms(*(float(value[0]) for value in terms)) == (0.0, 0.0, 0.0, 1.0)  # κ = 0 is uniform


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 5, 20, 100])
def test_density_agrees_with_scipy(dim: int) -> None:
    rng = np.random.default_rng(dim)
    direction = rng.normal(size=dim)
    direction /= np.linalg.norm(direction)
    for concentration in (0.01, 5.0, 1e4):
        oracle = stats.vonmises_fisher(direction, concentration)
        x = np.concatenate([oracle.rvs(4, random_state=rng), stats.uniform_direction(dim).rvs(4, random_state=rng)])
        q = VonMisesFisher(jnp.asarray(direction, jnp.float32), jnp.asarray(concentration, jnp.float32))
        expected = oracle.logpdf(x)
        np.testing.assert_allclose(q.log_prob(jnp.asarray(x, jnp.float32)), expected, rtol=2e-5, atol=2e-5)
        kl = jv.kl_divergence(q, HypersphericalUniform(jnp.zeros(dim))).value
        area = np.log(2) + dim / 2 * np.log(np.pi) - special.gammaln(dim / 2)
        np.testing.assert_allclose(kl, area - oracle.entropy(), rtol=2e-5, atol=1e-8)


@pytest.mark.parametrize(("dim", "concentration"), [(2, 1e-3), (2, 8.0), (5, 1.0), (10, 1e4), (100, 30.0)])
def test_the_angle_follows_its_density(dim: int, concentration: float) -> None:
    """20,000 draws against the distribution function, by quadrature: fails with probability 1e-8."""
    concentrations = jnp.full(20_000, concentration)
    draws = np.asarray(jax.jit(sample_angle, static_argnums=2)(jax.random.key(dim), concentrations, dim), np.float64)
    grid = angles(dim, concentration)
    _, cumulative = angle_distribution(grid, dim, concentration)
    assert stats.kstest(draws, lambda angle: np.interp(angle, grid[::2], cumulative)).pvalue > 1e-8


def angles(dim: int, concentration: float) -> np.ndarray:
    """Angles even over where there is mass."""
    width = ((dim - 2) ** 2 + 4 * concentration**2 + 1) ** -0.25
    mode = np.arccos(2 * concentration / (dim - 2 + np.hypot(dim - 2, 2 * concentration)))
    return np.linspace(max(0.0, mode - 12 * width), min(np.pi, mode + 12 * width), 20_001)


def angle_distribution(grid: np.ndarray, dim: int, concentration: float) -> tuple[np.ndarray, np.ndarray]:
    """Density and distribution function at every second angle of a grid, by Simpson's rule."""
    log_density = -2 * concentration * np.sin(grid / 2) ** 2 + special.xlogy(dim - 2, np.sin(grid))
    density = np.exp(log_density - log_density.max())
    middle = (density[:-2:2] + 4 * density[1:-1:2] + density[2::2]) * (grid[1] - grid[0]) / 3
    cumulative = np.concatenate([[0.0], np.cumsum(middle)])
    return density[::2] / cumulative[-1], cumulative / cumulative[-1]


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 3, 10, 100])
@pytest.mark.parametrize("concentration", [0.01, 1.0, 10.0, 1e4])
def test_a_quantile_moves_as_its_gradient_says(dim: int, concentration: float) -> None:
    """dθ/dκ = −∂P(Θ ≤ θ)/∂κ / p(θ), by central differences in float64: quantile by quantile, so without bias."""
    grid = angles(dim, concentration)
    density, cumulative = angle_distribution(grid, dim, concentration)
    where = np.searchsorted(cumulative, [1e-3, 0.02, 0.3, 0.5, 0.8, 0.99, 0.999])
    later, earlier = (angle_distribution(grid, dim, concentration * factor)[1] for factor in (1.001, 0.999))
    expected = -(later - earlier)[where] / (0.002 * concentration) / density[where]
    chosen = jnp.asarray(grid[::2][where], jnp.float32)
    np.testing.assert_allclose(angle_slope(chosen, jnp.full(7, concentration), dim), expected, rtol=3e-4)


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize(("dim", "concentration"), [(2, 0.7), (2, 20.0), (3, 3.0), (8, 0.2), (8, 40.0), (40, 300.0)])
def test_gradients_of_expectations_are_without_bias(dim: int, concentration: float) -> None:
    """∇ E[a·z + (b·z)²] over 40,000 draws in κ and two directions of μ, against the closed form (6 standard errors).

    E[z] = A μ, E[z zᵀ] = (A/κ) I + (1 − d A/κ) μ μᵀ; its derivatives by central differences in float64.
    """
    rng = np.random.default_rng(7)
    mu, a, b, one, other = rng.normal(size=(5, dim))

    def unit(direction: Array) -> Array:
        return direction / jnp.linalg.norm(direction)

    def expectation(parameters: np.ndarray) -> float:
        k, direction = parameters[0], mu + parameters[1] * one + parameters[2] * other
        direction = direction / np.linalg.norm(direction)
        mean = special.ive(dim / 2, k) / special.ive(dim / 2 - 1, k)
        return mean * a @ direction + mean / k * b @ b + (1 - dim * mean / k) * (b @ direction) ** 2

    def drawn(parameters: Array, key: Array) -> Array:
        vectors = jnp.asarray([mu, one, other], jnp.float32)
        z = VonMisesFisher(unit(vectors[0] + parameters[1:] @ vectors[1:]), parameters[0]).sample(key)
        along_a, along_b = jnp.asarray([a, b], jnp.float32) @ z
        return along_a + along_b**2

    gradients = jax.jit(jax.vmap(jax.grad(drawn), (None, 0)))(jnp.array([concentration, 0.0, 0.0]), keys(1, 40_000))
    start, steps = np.array([concentration, 0.0, 0.0]), np.diag([1e-4 * concentration, 1e-4, 1e-4])
    expected = [(expectation(start + step) - expectation(start - step)) / (2 * np.abs(step).sum()) for step in steps]
    assert_mean(gradients, expected, standard_errors=6)


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 100])
def test_draws_and_gradients_are_finite_at_any_concentration(dim: int) -> None:
    def total(direction: Array, concentration: Array, key: Array) -> Array:
        q = VonMisesFisher(direction, concentration)
        z = q.sample(key)
        return jnp.sum(z) + q.log_prob(z) + jv.distributions.closed_form_kl(q, HypersphericalUniform(jnp.zeros(dim)))

    concentrations = jnp.repeat(jnp.array([0.0, 1e-8, 1e-3, 1e4, 1e6]), 100)
    for direction in (jnp.eye(dim)[0], -jnp.eye(dim)[0], jnp.eye(dim)[1]):  # both poles of the reflection
        both = jax.jit(jax.vmap(jax.value_and_grad(total, (0, 1)), (None, 0, 0)))
        assert_finite(both(direction, concentrations, keys(2, 500)))


def test_a_concentration_that_is_no_number_ends_the_loop() -> None:
    q = VonMisesFisher(jnp.eye(3)[:2], jnp.array([jnp.nan, 1.0]))
    draws = jax.jit(q.sample)(jax.random.key(0))
    assert np.all(np.isfinite(draws[1]))
    assert not np.any(np.isfinite(draws[0]))
