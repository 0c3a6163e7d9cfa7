"""Mass functions of counts where the generic tests do not reach: many counts at once, their gradients, two oracles."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as numpyro
import pytest
from scipy import special, stats

from jaxvae.distributions import BetaBinomial, Distribution, NegativeBinomial, Poisson, ZeroInflated, closed_form_kl
from jaxvae.distributions.categorical_codes import ordinal_log_probs

WIDE = {  # over counts up to 20,000, beyond which less than 1e-9 is left
    "Poisson": Poisson(jnp.array([1e-4, 9.9, 1e4])),
    "NegativeBinomial": NegativeBinomial(jnp.array([1e-4, 9.9, 1e4]), jnp.array([1e-4, 0.5, 1e4])),
    "BetaBinomial": BetaBinomial(20_000.0, jnp.array([1e-4, 0.5, 1e4]), jnp.array([1e4, 9.9, 2.0])),
    "ZeroInflated": ZeroInflated(jnp.array([-1e4, 0.0, 3.0]), Poisson(jnp.array([1e-4, 9.9, 1e4]))),
}


@pytest.mark.parametrize("p", WIDE.values(), ids=WIDE)
def test_masses_of_all_counts_sum_to_one(p: Distribution) -> None:
    """In float32, from one count in ten thousand to ten thousand: with differences of log Γ the sum is off by 3e-3."""
    counts = jnp.broadcast_to(jnp.arange(20_001.0)[:, None], (20_001, 3))
    terms = jax.jit(jax.vmap(lambda p, x: jax.vmap(p.log_prob)(x), (0, 1)))(_alone(p), counts)
    np.testing.assert_allclose(np.exp(np.asarray(terms, np.float64)).sum(1), np.ones(3), atol=2e-5)


def _alone(p: Distribution) -> Distribution:
    """The same with each component an event of its own."""
    leaves, structure = jax.tree.flatten(p)
    rebuilt = jax.tree.unflatten(structure, leaves)
    object.__setattr__(rebuilt, "event_ndim", 0)
    return rebuilt


def _negative_binomial(x: float, rate: float, r: float) -> float:
    return stats.nbinom.logpmf(x, r, r / (r + rate))


def _beta_binomial(x: float, alpha: float, beta: float) -> float:
    return stats.betabinom.logpmf(x, 255, alpha, beta)


@pytest.mark.parametrize(
    ("make", "oracle", "points"),
    [
        (lambda rate: Poisson(rate), stats.poisson.logpmf, [(0, 3.0), (7, 6.5), (7, 9.0), (9990, 1e4), (1, 1e-3)]),
        (
            NegativeBinomial,
            _negative_binomial,
            [(0, 3.0, 0.5), (7, 6.5, 2.0), (7, 0.01, 30.0), (900, 1e3, 12.0), (11, 4.0, 0.01)],
        ),
        (
            lambda alpha, beta: BetaBinomial(255.0, alpha, beta),
            _beta_binomial,
            [(0, 3.0, 0.5), (255, 0.02, 11.0), (100, 40.0, 60.0), (250, 9.9, 0.3)],
        ),
    ],
    ids=["Poisson", "NegativeBinomial", "BetaBinomial"],
)
def test_gradients_are_those_of_scipy(
    make: Callable[..., Distribution], oracle: Callable[..., float], points: list[tuple[float, ...]]
) -> None:
    """Central differences in float64."""
    xs, *parameters = (np.asarray(column, np.float64) for column in zip(*points, strict=True))
    arguments = tuple(jnp.asarray(values, jnp.float32) for values in parameters)
    slope = jax.jit(jax.vmap(jax.grad(lambda own, x: make(*own).log_prob(x)), (0, 0)))
    gradients = slope(arguments, jnp.asarray(xs, jnp.float32))
    for i, gradient in enumerate(gradients):
        step = 1e-5 * parameters[i]
        above, below = ([*parameters[:i], parameters[i] + sign * step, *parameters[i + 1 :]] for sign in (1, -1))
        expected = (oracle(xs, *above) - oracle(xs, *below)) / (2 * step)
        np.testing.assert_allclose(gradient, expected, rtol=2e-4, atol=2e-5)


def test_extra_zeros_agree_with_numpyro() -> None:
    logits, rate, x = jnp.array([0.3, -2.0, 1.0]), jnp.array([2.0, 0.1, 30.0]), jnp.array([[0.0, 0.0, 0.0], [3, 1, 28]])
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        theirs = numpyro.ZeroInflatedDistribution(numpyro.Poisson(rate), gate_logits=logits)
        np.testing.assert_allclose(
            ZeroInflated(logits, Poisson(rate)).log_prob(x), theirs.log_prob(x).sum(-1), rtol=1e-5
        )
        np.testing.assert_allclose(ZeroInflated(logits, Poisson(rate)).mean, theirs.mean, rtol=1e-6)


def test_ordered_levels_are_differences_of_sigmoids() -> None:
    location, thresholds = jnp.array([0.5, -3.0, 8.0]), jnp.array([-1.0, 0.2, 2.5])
    cumulative = special.expit(np.asarray(thresholds) - np.asarray(location)[:, None])
    expected = np.diff(np.concatenate([np.zeros((3, 1)), cumulative, np.ones((3, 1))], axis=1), axis=1)
    log_probs = ordinal_log_probs(location, thresholds)
    np.testing.assert_allclose(jnp.exp(log_probs), expected, rtol=1e-4)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        theirs = numpyro.OrderedLogistic(location, thresholds).log_prob(jnp.array([0, 2, 3]))
    np.testing.assert_allclose(log_probs[jnp.arange(3), jnp.array([0, 2, 3])], theirs, rtol=1e-4)
    far = jax.jacobian(ordinal_log_probs)(jnp.array(1e4), thresholds)
    np.testing.assert_allclose(far, [-1.0, -1.0, -1.0, 0.0], atol=1e-6)


def test_what_is_no_count_leaves_gradients_finite() -> None:
    """The loader refuses such data; a pseudo-input or a mistake must not turn parameters into NaN."""
    x = jnp.array([-2.0, 0.5, 300.0])
    for p in (Poisson(jnp.ones(3)), NegativeBinomial(jnp.ones(3), 2.0), BetaBinomial(255.0, jnp.ones(3), 2.0)):
        gradient = jax.grad(lambda p: p.log_prob(x))(p)
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


def test_kl_of_near_rates_does_not_cancel() -> None:
    """(λ − λ')² / (2 λ') to first order: 5e-3 at rates of 10,000, where λ log (λ / λ') is 10."""
    kl = closed_form_kl(Poisson(jnp.array([10_010.0])), Poisson(jnp.array([10_000.0])))
    np.testing.assert_allclose(kl, 10_010 * np.log1p(1e-3) - 10, rtol=1e-5)
