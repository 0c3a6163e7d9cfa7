"""Draws of counts as large as a float32 can count: mean and variance within 6 standard errors."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxvae.distributions import BetaBinomial, NegativeBinomial, Poisson

NUM_DRAWS = 5_000  # the loops of rejection are slow without the compiler's optimisations
_LARGEST_SHARE = 1e-6  # of the variance that rounding a count to a float32 adds

_sample = jax.jit(lambda distribution, key: distribution.sample(key))  # one program for all numbers of a family


def check(distribution: Any, mean: float, variance: float, kurtosis: float = 3.0, count: int = NUM_DRAWS) -> None:
    draws = np.asarray(_sample(distribution, jax.random.key(5)), np.float64)
    assert draws.shape == (count,)
    assert np.all(draws == np.round(draws))
    assert abs(draws.mean() - mean) < 6 * np.sqrt(variance / count) + 2.0**-23 * mean
    error = np.sqrt((kurtosis - 1) / count)
    assert abs(np.var(draws, mean=mean) / variance - 1) < 6 * error + _LARGEST_SHARE + (2.0**-23 * mean) ** 2 / variance


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("rate", [1e-3, 0.7, 9.0, 11.0, 4095.0, 4097.0, 1e5, 1e6, 1e7, 1e8, 5e8, 1e12])
def test_poisson(rate: float) -> None:
    count = NUM_DRAWS if rate < 4096.0 else 200_000
    check(Poisson(jnp.full(count, rate)), rate, rate, 3 + 1 / rate, count)


@pytest.mark.parametrize("rate", [4096.0, 5000.5])
def test_poisson_by_its_expansion_has_the_distribution_function(rate: float) -> None:
    """Shares of draws up to each count, beside scipy's, within 6 standard errors."""
    from scipy import stats

    draws = np.asarray(jax.jit(Poisson(jnp.full(200_000, rate)).sample)(jax.random.key(1)))
    counts = np.arange(rate - 200, rate + 200, 10).round()
    expected = stats.poisson.cdf(counts, rate)
    observed = np.mean(draws[:, None] <= counts, axis=0)
    assert np.all(np.abs(observed - expected) < 6 * np.sqrt(expected * (1 - expected) / len(draws)))


@pytest.mark.parametrize(("rate", "dispersion"), [(10.0, 0.5), (1e4, 1e6), (1e8, 1e10), (1e6, 1e30), (5.0, 1e30)])
def test_negative_binomial(rate: float, dispersion: float) -> None:
    variance = rate + rate**2 / dispersion
    kurtosis = 3 + 6 / dispersion + 1 / variance
    check(NegativeBinomial(jnp.full(NUM_DRAWS, rate), dispersion), rate, variance, kurtosis)


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize(
    ("count", "alpha", "beta"),
    [(10.0, 1.0, 1.0), (1e6, 1e8, 2e8), (1e7, 1e8, 3e8), (1e8, 1e12, 1e12), (1e5, 0.5, 0.5), (100.0, 1e-2, 1e-2)],
)
def test_beta_binomial(count: float, alpha: float, beta: float) -> None:
    s = alpha + beta
    variance = count * alpha * beta * (s + count) / (s**2 * (s + 1))
    check(BetaBinomial(count, jnp.full(NUM_DRAWS, alpha), beta), count * alpha / s, variance)


@pytest.mark.slow
@pytest.mark.parametrize("large", [1e8, 1e10])
def test_the_rare_outcomes_of_a_beta_binomial_keep_their_digits(large: float) -> None:
    """Failures where successes are nearly sure: 1 − p has no digits left next to 1, and must not be formed."""
    count, small = 1e7, 2.0
    s = small + large
    variance = count * small * large * (s + count) / (s**2 * (s + 1))
    failures = count - jax.jit(lambda key: BetaBinomial(count, jnp.full(NUM_DRAWS, large), small).sample(key))(
        jax.random.key(3)
    )
    error = (variance / NUM_DRAWS) ** 0.5
    assert abs(float(jnp.mean(failures)) - count * small / s) < 6 * error
