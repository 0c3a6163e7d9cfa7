"""Importance weights: their effective number, their tails, and how often the error bars of log p(x) hold."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, special, stats

from jaxvae.evaluation import importance_estimate, pareto_shape, pareto_smoothed
from jaxvae.evaluation.pareto import tail_length, trust_threshold
from tests.helpers import keys
from tests.linear_gaussian import LinearGaussian, as_example

NUM_SAMPLES, NUM_EXAMPLES, NUM_REPEATS = 260, 7, 200


def zhang_stephens(excesses: np.ndarray) -> float:
    """k̂ of Zhang and Stephens 2009 by loops, with the prior of 10 draws at ½ (Vehtari et al. 2024, appendix C)."""
    y, n = sorted(float(value) for value in excesses), len(excesses)
    points = 30 + int(math.sqrt(n))
    thetas = [
        1 / y[-1] + (1 - math.sqrt(points / (j - 0.5))) / (3 * y[int(n / 4 + 0.5) - 1]) for j in range(1, points + 1)
    ]
    profile = []
    for theta in thetas:
        k = sum(math.log1p(-theta * value) for value in y) / n
        profile.append(n * (math.log(-theta / k) - k - 1))
    weights = [1 / sum(math.exp(other - one) for other in profile) for one in profile]
    theta = sum(weight * value for weight, value in zip(weights, thetas, strict=True))
    k = sum(math.log1p(-theta * value) for value in y) / n
    return (n * k + 5) / (n + 10)


@pytest.mark.slow
def test_the_tail_and_sums_are_those_of_all_weights() -> None:
    """A chunk and a rest: every field from the weights that `draw` gives for the same keys, by numpy."""
    problem = LinearGaussian.random(np.random.default_rng(0))
    model, params = problem.vae(), problem.params(0.3, 0.7)
    x, key = as_example(problem.sample(np.random.default_rng(1))), jax.random.key(2)
    estimate = jax.jit(lambda: importance_estimate(model, params, key, x, NUM_SAMPLES))()
    of_chunks = [
        jax.vmap(lambda one: model.draw(params, one, x).log_weight)(
            jax.random.split(jax.random.fold_in(key, chunk), size)
        )
        for chunk, size in enumerate((250, 10))
    ]
    weights = np.concatenate(of_chunks).astype(np.float64)
    np.testing.assert_allclose(estimate.log_marginal, special.logsumexp(weights) - math.log(NUM_SAMPLES), rtol=1e-6)
    size = np.sum(np.exp(weights)) ** 2 / np.sum(np.exp(2 * weights))
    np.testing.assert_allclose(estimate.effective_sample_size, size, rtol=1e-4)
    np.testing.assert_allclose(estimate.draw_error, math.sqrt(1 / size - 1 / NUM_SAMPLES), rtol=1e-4)
    largest = np.sort(weights)[::-1]
    tail = tail_length(NUM_SAMPLES) + 1
    np.testing.assert_allclose(estimate.largest, largest[:tail], rtol=1e-5)
    np.testing.assert_allclose(estimate.rest, special.logsumexp(largest[tail:]), rtol=1e-6)


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("spread", [0.0, 0.3, 2.0, 9.0])
@pytest.mark.parametrize("num_samples", [2, 7, 40, 263])
def test_the_jackknife_against_leaving_out_each_draw(num_samples: int, spread: float) -> None:
    """Weights of nearly equal size, and one that has nearly all."""
    model = _Weights(spread)
    key, x = jax.random.key(3), jnp.zeros(())
    estimate = importance_estimate(model, {}, key, x, num_samples, posterior=object())  # type: ignore[arg-type]
    chunks = [(index, min(250, num_samples - 250 * index)) for index in range(-(-num_samples // 250))]
    weights = np.concatenate(
        [jax.vmap(model.log_weight)(jax.random.split(jax.random.fold_in(key, i), size)) for i, size in chunks]
    ).astype(np.float64)
    left_out = [special.logsumexp(np.delete(weights, i)) - math.log(num_samples - 1) for i in range(num_samples)]
    plain = special.logsumexp(weights) - math.log(num_samples)
    expected = num_samples * plain - (num_samples - 1) * np.mean(left_out)
    assert abs(float(estimate.jackknife) - expected) < 3e-5 * max(1.0, abs(expected))


def test_the_jackknife_has_less_bias() -> None:
    """Log-normal weights with E[w] = 1, K = 20: bias −σ²ₘ / 2 plainly, of order 1 / K² by the jackknife."""
    keys_of_runs = jax.random.split(jax.random.key(4), 20_000)
    estimate = jax.jit(
        jax.vmap(lambda key: importance_estimate(_Weights(0.8, -0.32), {}, key, jnp.zeros(()), 20, object()))
    )  # type: ignore[arg-type]
    found = estimate(keys_of_runs)
    error = float(jnp.std(found.jackknife)) / math.sqrt(len(keys_of_runs))
    plain, corrected = float(jnp.mean(found.log_marginal)), float(jnp.mean(found.jackknife))
    assert plain < -0.01  # (e^0.64 − 1) / 40 = 0.022 to first order
    assert abs(corrected) < 0.25 * abs(plain) + 5 * error


def test_one_draw_has_no_jackknife() -> None:
    estimate = importance_estimate(_Weights(1.0), {}, jax.random.key(0), jnp.zeros(()), 1, object())  # type: ignore[arg-type]
    assert math.isnan(float(estimate.jackknife))


class _Drawn(NamedTuple):
    log_weight: jax.Array


@dataclass(frozen=True)
class _Weights:
    """A model of which draws have log-weights N(loc, scale²)."""

    scale: float
    loc: float = 0.0

    def log_weight(self, key: jax.Array) -> jax.Array:
        return self.loc + self.scale * jax.random.normal(key)

    def given(self, x: jax.Array) -> tuple[Any, jax.Array]:
        return self, x

    def draw(self, params: object, key: jax.Array, x: jax.Array, posterior: object) -> Any:
        del params, x, posterior
        return _Drawn(self.log_weight(key))


@pytest.mark.parametrize("shift", [0.0, 1e4, -1e4])
def test_the_shape_of_the_tail_against_loops(shift: float) -> None:
    rng = np.random.default_rng(3)
    log_weights = rng.normal(size=(4, 900)) * np.array([[0.3], [1.0], [2.5], [6.0]])
    largest = np.sort(log_weights)[:, ::-1][:, : tail_length(900) + 1]
    expected = [zhang_stephens(np.exp(one[:-1]) - np.exp(one[-1])) for one in largest]
    np.testing.assert_allclose(pareto_shape(largest + shift, 900), expected, rtol=1e-8)


@pytest.mark.parametrize("shape", [-0.3, 0.2, 0.7, 1.2])
def test_the_shape_of_a_pareto_tail_is_found(shape: float) -> None:
    """The mean of 300 estimates, each from 213 excesses and drawn to ½ by 10 of 223: within 5 errors + 0.02."""
    size = tail_length(5000)
    excesses = stats.genpareto(shape).rvs(size=(300, size), random_state=np.random.default_rng(4))
    threshold = 2.0  # the weights are the threshold and what exceeds it
    largest = np.concatenate(
        [np.sort(np.log(threshold + excesses))[:, ::-1], np.full((300, 1), math.log(threshold))], 1
    )
    found = pareto_shape(largest, 5000)
    expected = (size * shape + 5) / (size + 10)
    assert abs(np.mean(found) - expected) < 5 * np.std(found) / math.sqrt(300) + 0.02


@pytest.mark.parametrize("shift", [0.0, 1e4, -1e4])
def test_smoothed_weights_are_quantiles_of_the_fitted_distribution(shift: float) -> None:
    """Against scipy's quantiles and a fit by loops; no weight above the largest."""
    rng, count = np.random.default_rng(5), 900
    log_weights = np.sort(rng.normal(size=(4, count)) * np.array([[0.3], [1.0], [2.5], [6.0]]))[:, ::-1]
    size = tail_length(count)
    expected = []
    for one in np.exp(log_weights):
        shape = zhang_stephens(one[:size] - one[size])
        fitted = (shape * (size + 10) - 5) / size  # σ is that of the fit before it is drawn to ½
        scale = _scale(one[:size] - one[size], fitted)
        ranks = (np.arange(1, size + 1) - 0.5) / size
        tail = np.minimum(one[size] + stats.genpareto(shape, scale=scale).ppf(ranks), one[0])
        expected.append(math.log((np.sum(tail) + np.sum(one[size:])) / count))
    rest = special.logsumexp(log_weights[:, size + 1 :], axis=1)
    found = pareto_smoothed(log_weights[:, : size + 1] + shift, rest + shift, count)
    np.testing.assert_allclose(found - shift, expected, rtol=1e-7)


def _scale(excesses: np.ndarray, shape: float) -> float:
    """σ = −k / θ, where θ is what gives that k: (1/n) Σ log (1 − θ y) = k."""
    top = float(np.max(excesses))

    def difference(theta: float) -> float:
        return float(np.mean(np.log1p(-theta * excesses))) - shape

    low, high = -1e6 / top, (1.0 - 1e-12) / top
    return -shape / optimize.brentq(difference, low, high, xtol=1e-14, rtol=1e-14)


def test_smoothing_leaves_what_has_no_shape() -> None:
    equal = np.zeros((2, 214))
    rest = np.full(2, math.log(5000 - 214))
    np.testing.assert_allclose(pareto_smoothed(equal, rest, 5000), 0.0, atol=1e-12)
    short = np.log(np.array([[4.0, 3.0, 2.0]]))
    np.testing.assert_allclose(pareto_smoothed(short, np.array([0.0]), 4), math.log(10 / 4))
    assert np.all(pareto_smoothed(np.full((3, 214), -np.inf), np.full(3, -np.inf), 5000) == -np.inf)


def test_tails_that_say_nothing() -> None:
    assert np.all(np.isnan(pareto_shape(np.zeros((3, 4)), 15)))  # three weights above the threshold
    np.testing.assert_array_equal(pareto_shape(np.zeros((2, 214)), 5000), -np.inf)  # an exact posterior
    assert [trust_threshold(num) for num in (1, 10, 100, 10_000)] == [-math.inf, 0.0, 0.5, 0.7]


@pytest.mark.slow
def test_error_bars_of_log_p_hold_as_often_as_they_say() -> None:
    """200 repeats of the mean over 7 examples: log p(x) lies within 1.96 errors in 90 to 99 % of them."""
    rng = np.random.default_rng(5)
    problem = LinearGaussian.random(rng)
    model, params = problem.vae(), problem.params(0.2, 1.3)
    flat = [problem.sample(rng) for _ in range(NUM_EXAMPLES)]
    x = jnp.stack([as_example(one) for one in flat])
    truth = np.mean([problem.log_marginal(one) for one in flat])
    estimate = jax.jit(
        jax.vmap(jax.vmap(lambda key, one: importance_estimate(model, params, key, one, 1000)), (0, None))
    )
    found = estimate(keys(6, NUM_REPEATS * NUM_EXAMPLES).reshape(NUM_REPEATS, NUM_EXAMPLES), x)
    means = np.mean(np.asarray(found.log_marginal, np.float64), axis=1)
    errors = np.sqrt(np.sum(np.asarray(found.draw_error, np.float64) ** 2, axis=1)) / NUM_EXAMPLES
    covered = np.mean(np.abs(means - truth) < 1.96 * errors)
    assert 0.90 <= covered <= 0.99
