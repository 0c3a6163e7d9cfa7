"""Entropies: closed forms against quadrature, scipy and the mean of draws; wrappers; the one-sample estimate."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxvae as jv
from jaxvae import distributions
from jaxvae.distributions import Distribution, Normal, Poisson
from tests import oracles
from tests.components import DISTRIBUTIONS, Parameters
from tests.helpers import assert_mean, keys

BATCH, EVENT = 4, (3, 2)
WITHOUT = {  # families of which no closed form is known, or none but a sum over the support
    "BetaBinomial", "DiscretizedLogistic", "DiscretizedLogisticMixture", "Levels", "NegativeBinomial", "Poisson",
    "ZeroInflated",
}  # fmt: skip


def parameters_of(name: str) -> Parameters:
    return DISTRIBUTIONS[name].parameters(np.random.default_rng(7), (BATCH, *EVENT))


def make(name: str) -> Distribution:
    parameters = {key: jnp.asarray(value, jnp.float32) for key, value in parameters_of(name).items()}
    return DISTRIBUTIONS[name].make(**parameters, event_ndim=len(EVENT))


@pytest.mark.slow
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_closed_form_is_the_integral(name: str) -> None:
    """Of each component by scipy's density, or a sum over the support; and under vmap."""
    row, ours = DISTRIBUTIONS[name], make(name)
    found = distributions.closed_form_entropy(ours)
    if found is None:
        assert type(ours).__name__ in WITHOUT
        return
    assert type(ours).__name__ not in WITHOUT
    expected = np.empty((BATCH, *EVENT))
    for where in np.ndindex(*expected.shape):
        one = oracles.component(row, parameters_of(name), where)
        points, weights = oracles.nodes(one)
        log_p = oracles.log_density(one, points)
        terms = np.where(np.isfinite(log_p), np.exp(log_p) * np.where(np.isfinite(log_p), log_p, 0.0), 0.0)
        expected[where] = -np.sum(weights * terms)
    assert found.shape == (BATCH,)
    np.testing.assert_allclose(found, expected.sum((-2, -1)), rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(jax.vmap(distributions.closed_form_entropy)(ours), found, rtol=1e-5, atol=1e-6)


def vectors() -> dict[str, Distribution]:
    """Distributions over one vector of 4 dimensions."""
    rng = np.random.default_rng(1)
    loc, scale, logits = (jnp.asarray(rng.normal(size=4), jnp.float32) for _ in range(3))
    factor = jnp.asarray(rng.normal(size=(4, 2)), jnp.float32)
    lower = jnp.asarray(np.tril(rng.normal(size=(4, 4)), -1) + np.diag([0.5, 1.0, 2.0, 0.3]), jnp.float32)
    direction = loc / jnp.linalg.norm(loc)
    one_hot, concrete = distributions.OneHot(logits, 2), distributions.Concrete(logits, jnp.asarray(0.5), 2)
    normal = Normal(loc, jnp.exp(scale))
    return {
        "MultivariateNormal": distributions.MultivariateNormal(loc, lower),
        "LowRankNormal": distributions.LowRankNormal(loc, factor, jnp.exp(scale)),
        "VonMisesFisher": distributions.VonMisesFisher(direction, jnp.asarray(3.0)),
        "HypersphericalUniform": distributions.HypersphericalUniform(loc),
        "OneHot": one_hot,
        "StraightThrough": distributions.StraightThrough(one_hot, concrete),
        "Joined": distributions.Joined(normal, distributions.MultivariateNormal(loc, lower), 4),
        "Columns": distributions.Columns(
            (Normal(loc[0], scale[0] ** 2, event_ndim=0), distributions.Bernoulli(loc[1], event_ndim=0))
        ),
        "BinaryConcrete": distributions.BinaryConcrete(logits, jnp.asarray(0.3)),
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", vectors())
def test_the_closed_form_is_the_mean_of_draws(name: str) -> None:
    """100,000 of them, within 6 standard errors: fails with probability 1e-8."""
    p = vectors()[name]
    exact = jv.entropy(p)
    assert exact.is_closed_form

    @jax.jit
    @jax.vmap
    def estimate(key: jax.Array) -> jax.Array:
        return -p.log_prob(p.sample(key))

    values = np.asarray(estimate(keys(0, 100_000)), np.float64)
    if np.std(values) < 1e-5:
        np.testing.assert_allclose(values, exact.value, rtol=1e-5)
    else:
        assert_mean(values, exact.value, standard_errors=6)


@pytest.mark.parametrize("logit", [0.0, 1e-3, 0.3, 30.0, -300.0])
def test_extremes_of_the_continuous_bernoulli(logit: float) -> None:
    """A truncated exponential on [0, 1] of rate |η|."""
    expected = stats.truncexpon(abs(logit), scale=1 / abs(logit)).entropy() if logit else 0.0
    found = distributions.ContinuousBernoulli(jnp.asarray([logit])).closed_form_entropy()
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("df", [1e-2, 1.0, 3.5, 1e3, 1e7])
def test_extremes_of_student_t(df: float) -> None:
    found = distributions.StudentT(jnp.asarray([df]), jnp.asarray(0.0), jnp.asarray(2.0)).closed_form_entropy()
    np.testing.assert_allclose(found, stats.t(df, scale=2.0).entropy(), rtol=2e-5)


def test_impossible_classes_add_nothing_and_no_nan_gradient() -> None:
    logits = jnp.asarray([[0.0, -jnp.inf, 0.0]])

    def value(logits: jax.Array) -> jax.Array:
        return jv.entropy(distributions.Categorical(logits)).value

    assert float(value(logits)) == pytest.approx(np.log(2.0))
    assert np.all(np.isfinite(jax.grad(value)(logits)))


def test_without_a_closed_form_a_key_gives_an_unbiased_estimate() -> None:
    p = Poisson(jnp.asarray([2.5]))
    with pytest.raises(ValueError, match="the entropy of Poisson has no closed form, so it needs a key"):
        jv.entropy(p)
    found = jax.jit(jax.vmap(lambda key: jv.entropy(p, key).value))(keys(1, 100_000))
    assert_mean(found, stats.poisson(2.5).entropy(), standard_errors=6)
    assert not jv.entropy(p, jax.random.key(0)).is_closed_form


def test_a_part_without_a_closed_form_leaves_the_whole_without() -> None:
    normal, counts = Normal(jnp.zeros(2), jnp.ones(2)), Poisson(jnp.ones(3))
    assert distributions.Joined(normal, counts, 2).closed_form_entropy() is None
    row = distributions.Columns((Normal(0.0, 1.0, event_ndim=0), Poisson(jnp.asarray(1.0), event_ndim=0)))  # type: ignore[arg-type]
    assert row.closed_form_entropy() is None


def test_log_odds_without_doubt_have_no_entropy() -> None:
    p = distributions.Bernoulli(jnp.asarray([jnp.inf, -jnp.inf, 0.0]), event_ndim=0)
    np.testing.assert_allclose(jv.entropy(p).value, [0.0, 0.0, np.log(2.0)], atol=1e-7)
