"""Hidden entries given the observed ones, where entries depend on each other given z."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

import jaxvae as jv
from jaxvae import distributions
from jaxvae.distributions import conditional, marginal_log_prob
from jaxvae.evaluation import importance_estimate
from jaxvae.likelihoods.support import REAL, Support
from tests.data.helpers import user_error

normal: Any = stats.multivariate_normal  # its stubs take a covariance for a number
FACTOR = np.array([[1.0, 0.0], [0.9, np.sqrt(1 - 0.81)]])


def regression(loc: np.ndarray, covariance: np.ndarray, x: np.ndarray, seen: np.ndarray) -> tuple[Any, Any]:
    """Mean and covariance of the hidden entries of a normal given the others."""
    weights = np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[np.ix_(seen, ~seen)]).T
    return (
        loc[~seen] + weights @ (x - loc)[seen],
        covariance[np.ix_(~seen, ~seen)] - weights @ covariance[np.ix_(seen, ~seen)],
    )


@pytest.mark.parametrize("seen", [[True, False, True, False, False], [False] * 5, [True, True, False, True, True]])
def test_normals_with_a_covariance_and_mixtures_of_them(seen: list[bool]) -> None:
    rng, mask = np.random.default_rng(0), np.array(seen)
    factors = np.tril(rng.normal(size=(3, 5, 5))) + 2 * np.eye(5)
    locs, logits, x = rng.normal(size=(3, 5)), rng.normal(size=3), rng.normal(size=5)
    components = distributions.MultivariateNormal(jnp.asarray(locs, jnp.float32), jnp.asarray(factors, jnp.float32))
    value, observed = jnp.asarray(x, jnp.float32), jnp.asarray(mask)
    value = jnp.where(observed, value, 1e3)  # which must not be used
    given = conditional(components, value, observed)
    log_weights = logits.copy()
    means = []
    for k, (loc, factor) in enumerate(zip(locs, factors, strict=True)):
        mean, covariance = regression(loc, factor @ factor.T, x, mask)
        found = np.asarray(given.scale_tril[k] @ given.scale_tril[k].T)[np.ix_(~mask, ~mask)]
        np.testing.assert_allclose(given.mean[k][~mask], mean, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found, covariance, rtol=1e-4, atol=1e-4)
        if mask.any():
            log_weights[k] += normal(loc[mask], (factor @ factor.T)[np.ix_(mask, mask)]).logpdf(x[mask])
        means.append(mean)
    mixed = conditional(distributions.Mixture(jnp.asarray(logits, jnp.float32), components), value, observed)
    np.testing.assert_allclose(mixed.mean[~mask], special.softmax(log_weights) @ np.array(means), rtol=1e-3, atol=1e-4)


def check_draws(p: Any, x: np.ndarray, seen: np.ndarray, levels: np.ndarray) -> None:
    """Draws and probabilities of the hidden entries against p(x) / Σ p(x) over all their values."""
    value, observed = jnp.asarray(x, jnp.float32), jnp.asarray(seen)
    given = conditional(p, value, observed)
    states = []
    for values in itertools.product(levels, repeat=int((~seen).sum())):
        state = x.copy()
        state[~seen] = values
        states.append(state)
    stacked = jnp.asarray(np.stack(states), jnp.float32)
    log_probs = np.asarray(jax.vmap(p.log_prob)(stacked), np.float64)
    probs = special.softmax(log_probs)
    np.testing.assert_allclose(np.exp(jax.vmap(given.log_prob)(stacked)), probs, rtol=1e-4, atol=1e-6)
    count = 20_000
    draws = np.asarray(jax.vmap(given.sample)(jax.random.split(jax.random.key(3), count)))
    np.testing.assert_allclose(draws[:, seen], np.broadcast_to(x[seen], draws[:, seen].shape), atol=1e-6)
    for state, prob in zip(states, probs, strict=True):
        share = np.mean(np.all(np.isclose(draws, state, atol=1e-4), axis=tuple(range(1, draws.ndim))))
        assert abs(share - prob) < 6 * np.sqrt(prob * (1 - prob) / count) + 1e-4


def test_pixels_that_follow_from_earlier_ones() -> None:
    """Autoregressive pixels with a hidden end; colours of a pixel, blue hidden before green before red."""
    rng = np.random.default_rng(1)
    made = jv.networks.MADE(dim=5, features=(7,))
    weights = jax.tree.map(lambda leaf: leaf * 3.0, made.init(jax.random.key(0)))
    ordered = distributions.AutoregressiveBernoulli(made, weights, jnp.asarray(rng.normal(size=5), jnp.float32))
    check_draws(ordered, rng.integers(0, 2, 5).astype(np.float32), np.arange(5) < 2, np.array([0.0, 1.0]))

    def of(*shape: int) -> jax.Array:
        return jnp.asarray(rng.normal(size=shape), jnp.float32)

    pixels = distributions.DiscretizedLogisticMixtureRGB(
        of(2, 3), 0.5 + of(2, 3, 3), 0.2 + of(2, 3, 3) ** 2, of(2, 3, 3), num_levels=3
    )
    levels = np.arange(3) / 2
    seen = np.array([[True, True, False], [True, False, False]])
    check_draws(pixels, rng.choice(levels, (2, 3)).astype(np.float32), seen, levels)


@jv.dataclass
class Correlated(jv.likelihoods.Likelihood):
    """Two entries with a correlation of 0.9, for every z."""

    @property
    def support(self) -> Support:
        """Real numbers."""
        return REAL

    def parameter_shape(self, model: Any) -> tuple[int, ...]:
        """One number, which it ignores."""
        return (1,)

    def distribution(self, model: Any, params: Any, outputs: jax.Array) -> Any:
        """The same for every z."""
        del model, params
        return distributions.MultivariateNormal(jnp.zeros(2) * outputs, jnp.asarray(FACTOR, jnp.float32))


def test_imputation_uses_what_was_seen_beside_z() -> None:
    model = jv.VAE((2,), 1, jv.networks.MLP(()), jv.networks.MLP(()), likelihood=Correlated())
    params = jv.init(model, jax.random.key(0))
    example = jv.Observation(jnp.array([2.0, jnp.nan]), jnp.array([True, False]))
    found = jv.impute(model, params, jax.random.key(1), example, 10, num_draws=4_000)
    assert float(found.mean[1]) == pytest.approx(0.9 * 2.0, abs=1e-5)
    draws, spread = np.asarray(found.draws)[:, 1], np.sqrt(1 - 0.81)
    assert abs(draws.mean() - 1.8) < 6 * spread / np.sqrt(len(draws))
    assert abs(draws.std() - spread) < 6 * spread / np.sqrt(2 * len(draws))


def test_why_entries_are_hidden_is_asked_of_draws_given_the_observed_ones() -> None:
    """log p(x₁, s) = log N(x₁) + log ∫ N(x₂ | x₁) p(s|x) dx₂ by quadrature."""
    missingness = jv.SelfMasking("large")
    model = jv.VAE((2,), 1, jv.networks.MLP(()), jv.networks.MLP(()), likelihood=Correlated(), missingness=missingness)
    params: Any = jv.init(model, jax.random.key(0))
    params["missingness"] |= {"raw_slope": jnp.full(2, 2.0)}
    example = jv.Observation(jnp.array([2.0, jnp.nan]), jnp.array([True, False]))
    found = jax.jit(lambda key: importance_estimate(model, params, key, example, 20_000))(jax.random.key(1))
    slope = np.log1p(np.exp(2.0))
    grid = np.linspace(-6, 8, 20_001)
    of_hidden = stats.norm.logpdf(grid, 1.8, np.sqrt(1 - 0.81)) + special.log_expit(slope * grid)
    integral = special.logsumexp(of_hidden) + np.log(grid[1] - grid[0])
    expected = stats.norm.logpdf(2.0) + special.log_expit(-slope * 2.0) + integral
    assert abs(float(found.log_marginal) - expected) < 6 * float(found.draw_error) + 1e-4


def test_a_family_with_marginals_alone_cannot_impute() -> None:
    class Own:
        def marginal_log_prob(self, value: jax.Array, observed: jax.Array) -> jax.Array:
            return jnp.where(observed, -(value**2), 0.0).sum()

    seen = jnp.array([True, False])
    assert float(marginal_log_prob(Own(), jnp.array([2.0, 5.0]), seen)) == -4.0  # type: ignore[arg-type]
    with user_error("define `marginal_log_prob(value, observed)` and `conditional(value, observed)`"):
        conditional(Own(), jnp.array([2.0, 5.0]), seen)
