"""KL divergences: closed forms against Monte Carlo and numpyro, and the one-sample estimate."""

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as numpyro
import pytest
from scipy import integrate, stats

import jaxvae as jv
from jaxvae import distributions
from jaxvae.distributions import Bernoulli, Categorical, Distribution, Normal
from tests import oracles
from tests.components import CLOSED_FORM_KL, DISTRIBUTIONS, Parameters
from tests.helpers import assert_finite, assert_mean, keys

BATCH, EVENT = 4, (3, 2)

PAIRS = sorted((q, p) for q, p in CLOSED_FORM_KL if p in DISTRIBUTIONS)  # the others: test_joint.py

every_pair = pytest.mark.parametrize(("q", "p"), PAIRS)


def random_parameters(name: str, seed: int) -> Parameters:
    return DISTRIBUTIONS[name].parameters(np.random.default_rng(seed), (BATCH, *EVENT))


def make(name: str, seed: int) -> Distribution:
    """A batch of distributions of the table's row."""
    parameters = {key: jnp.asarray(value, jnp.float32) for key, value in random_parameters(name, seed).items()}
    return DISTRIBUTIONS[name].make(**parameters, event_ndim=len(EVENT))


@pytest.mark.fast_rows(2)
@every_pair
def test_closed_form_is_the_mean_of_100_000_log_ratios(q: str, p: str) -> None:
    """4 numbers within 6 standard errors: fails with probability 1e-8."""
    one, other = make(q, 1), make(p, 2)
    kl = jv.kl_divergence(one, other)
    assert kl.is_closed_form
    assert kl.value.shape == (BATCH,)

    @jax.jit
    @jax.vmap
    def log_ratio(key: jax.Array) -> jax.Array:
        value = one.sample(key)
        return one.log_prob(value) - other.log_prob(value)

    assert_mean(log_ratio(keys(0, 100_000)), kl.value, standard_errors=6)


@every_pair
def test_closed_form_agrees_with_quadrature_and_sums_event_axes_only(q: str, p: str) -> None:
    """The integral of each component by scipy's densities (a sum over the support where it is discrete)."""
    expected = np.empty((BATCH, *EVENT))
    for where in np.ndindex(*expected.shape):
        one = oracles.component(DISTRIBUTIONS[q], random_parameters(q, 3), where)
        other = oracles.component(DISTRIBUTIONS[p], random_parameters(p, 4), where)
        points, weights = oracles.nodes(one)
        log_one, log_other = oracles.log_density(one, points), oracles.log_density(other, points)
        expected[where] = np.sum(weights * np.exp(log_one) * (log_one - log_other))
    np.testing.assert_allclose(jv.kl_divergence(make(q, 3), make(p, 4)).value, expected.sum((-2, -1)), rtol=2e-5)


def test_closed_form_agrees_with_numpyro() -> None:
    """The one pair of the library that numpyro knows too."""
    one, other = make("Normal", 3), make("Normal", 4)
    theirs = [numpyro.Normal(d.loc, d.scale).to_event(len(EVENT)) for d in (one, other)]  # type: ignore[attr-defined]
    np.testing.assert_allclose(jv.kl_divergence(one, other).value, numpyro.kl_divergence(*theirs), rtol=2e-5)


@every_pair
def test_closed_form_is_the_same_under_vmap_and_against_an_unbatched_other(q: str, p: str) -> None:
    one, other = make(q, 3), make(p, 4)
    closed_form = jax.jit(jv.distributions.closed_form_kl)
    np.testing.assert_allclose(jax.jit(jax.vmap(closed_form))(one, other), closed_form(one, other), rtol=1e-5)
    alone = jax.tree.map(lambda leaf: leaf[0], other)
    in_turn = [closed_form(jax.tree.map(lambda leaf, i=i: leaf[i], one), alone) for i in range(BATCH)]
    np.testing.assert_allclose(closed_form(one, alone), in_turn, rtol=1e-5)


@every_pair
def test_closed_form_is_above_zero_and_zero_at_equality(q: str, p: str) -> None:
    one, other = make(q, 5), make(p, 6)
    assert np.all(jv.kl_divergence(one, other).value > 0.01)
    if q == p:
        np.testing.assert_allclose(jv.kl_divergence(one, one).value, np.zeros(BATCH), atol=1e-6)
        gradient = jax.grad(lambda q: jnp.sum(jv.kl_divergence(q, one).value))(one)  # the minimum
        for leaf in jax.tree.leaves(gradient):
            np.testing.assert_allclose(leaf, np.zeros(leaf.shape), atol=1e-5)


@pytest.mark.parametrize(("q", "p"), list(itertools.product(DISTRIBUTIONS, repeat=2)))
def test_a_pair_says_truly_whether_it_has_a_closed_form(q: str, p: str) -> None:
    """A pair that gains a closed form must come into the table, and with it under the tests above."""
    assert (jv.distributions.closed_form_kl(make(q, 1), make(p, 2)) is not None) == ((q, p) in CLOSED_FORM_KL)


def test_events_of_different_rank_have_no_closed_form() -> None:
    per_row, whole = Normal(jnp.zeros((4, 3)), 1.0, event_ndim=1), Normal(jnp.zeros((4, 3)), 1.0)
    assert jv.distributions.closed_form_kl(per_row, whole) is None


@pytest.mark.parametrize(
    ("q", "p", "expected"),
    [
        (Normal(jnp.zeros(1), 1e-4), Normal(jnp.zeros(1), 1.0), np.log(1e4) - 0.5 + 0.5e-8),
        (Normal(jnp.full(1, 1e4), 1.0), Normal(jnp.zeros(1), 1.0), 0.5e8),
        (Bernoulli(jnp.full(1, 1e4)), Bernoulli(jnp.full(1, -1e4)), 1e4),
        (Bernoulli(jnp.full(1, 1e4)), Bernoulli(jnp.full(1, 1e4)), 0.0),
        (Categorical(jnp.array([[1e4, 0.0, 0.0]])), Categorical(jnp.zeros((1, 3))), np.log(3)),
        (Categorical(jnp.array([[-jnp.inf, 0.0, 0.0]])), Categorical(jnp.zeros((1, 3))), np.log(3 / 2)),
    ],
)
def test_value_and_gradient_are_finite_far_out(q: Distribution, p: Distribution, expected: float) -> None:
    value, gradient = jax.value_and_grad(lambda q: jv.kl_divergence(q, p).value)(q)
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)
    assert_finite(gradient)


def test_a_pair_without_closed_form_gets_an_unbiased_one_sample_estimate() -> None:
    """KL(Normal ‖ Student's t) by quadrature in each dimension; within 6 standard errors."""
    loc, scale, df = np.array([0.4, -1.2, 0.0]), np.array([0.7, 1.5, 0.3]), 5.0

    def integrand(z: float, d: int) -> float:
        return stats.norm.pdf(z, loc[d], scale[d]) * (
            stats.norm.logpdf(z, loc[d], scale[d]) - stats.t.logpdf(z, df, 0.5, 2.0)
        )

    expected = sum(
        integrate.quad(integrand, loc[d] - 12 * scale[d], loc[d] + 12 * scale[d], args=(d,))[0] for d in range(3)
    )
    q = Normal(jnp.asarray(loc, jnp.float32), jnp.asarray(scale, jnp.float32))
    p = numpyro.StudentT(jnp.full(3, df), jnp.full(3, 0.5), jnp.full(3, 2.0)).to_event(1)
    estimate = jax.jit(jax.vmap(partial(jv.kl_divergence, q, p)))(keys(1, 100_000))
    assert not estimate.is_closed_form
    assert_mean(estimate.value, expected, standard_errors=6)


def test_a_pair_without_closed_form_asks_for_a_key() -> None:
    q, p = Normal(jnp.zeros(3), 1.0), Bernoulli(jnp.zeros(3))
    with pytest.raises(ValueError, match=r"KL\(Normal ‖ Bernoulli\) has no closed form, so it needs a key") as error:
        jv.kl_divergence(q, p)
    assert "\n" not in str(error.value)


def test_an_impossible_class_of_a_one_hot_vector_adds_nothing() -> None:
    p, even = distributions.OneHot(jnp.asarray([0.0, -jnp.inf]), 2), distributions.OneHot(jnp.zeros(2), 2)
    assert float(p.log_prob(jnp.asarray([1.0, 0.0]))) == 0.0
    assert float(p.log_prob(jnp.asarray([0.0, 1.0]))) == -np.inf
    assert float(jv.kl_divergence(p, even).value) == pytest.approx(np.log(2.0))
    gradient = jax.grad(lambda logits: distributions.OneHot(logits, 2).log_prob(jnp.asarray([1.0, 0.0])))(jnp.ones(2))
    np.testing.assert_allclose(gradient, [0.5, -0.5])
