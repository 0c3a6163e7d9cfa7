"""Discrete latents against sums over all their values: ELBO, log p(x), gradients; relaxed ones against quadrature."""

import itertools
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

import jaxvae as jv
from jaxvae import posteriors, priors
from jaxvae.evaluation import exact_log_marginal
from jaxvae.objectives import ELBO, IWAE, Bound
from jaxvae.typing import Params
from tests.components.discrete import concrete_log_prob, log_simplex_nodes, one_hot_vectors
from tests.helpers import assert_finite, assert_mean, keys, mean_and_error

DATA_SHAPE = (3,)
X = jnp.array([0.6, 0.1, 0.3])
NUM_DRAWS = 100_000
STEP = jnp.asarray(0)


def model(posterior: Any, prior: Any, latent_dim: int) -> tuple[jv.VAE, Params]:
    """A linear model of real data, with a posterior that is neither uniform nor certain."""
    vae = jv.VAE(
        DATA_SHAPE,
        latent_dim,
        jv.networks.MLP(()),
        jv.networks.MLP(()),
        posterior,
        prior,
        jv.likelihoods.Normal(0.8, start="unit"),
    )
    rng = np.random.default_rng(4)
    shapes = jax.eval_shape(lambda: jv.init(vae, jax.random.key(0)))
    return vae, jax.tree.map(lambda leaf: jnp.asarray(0.7 * rng.normal(size=leaf.shape), jnp.float32), shapes)


DISCRETE = {
    "Categorical": (posteriors.Categorical(4), priors.UniformCategorical(4), 8, one_hot_vectors(4, 2)),
    "Bernoulli": (
        posteriors.Bernoulli(),
        priors.UniformBernoulli(),
        4,
        np.array(list(itertools.product([0.0, 1.0], repeat=4))),
    ),
}


class Case:
    """One model with discrete latents, and every term of every state, asked for one state at a time."""

    def __init__(self, posterior: Any, prior: Any, latent_dim: int, states: np.ndarray) -> None:
        self.vae, self.params = model(posterior, prior, latent_dim)
        self.prior, self.latent_dim, self.states = prior, latent_dim, states
        vae, params = self.vae, self.params

        @jax.jit
        def terms(z: jax.Array) -> tuple[jax.Array, ...]:
            q, p = vae.encode(params, X), vae.prior.distribution(vae, params)
            return vae.decode(params, z).log_prob(X), p.log_prob(z), q.log_prob(z)

        every = [terms(jnp.asarray(z, jnp.float32)) for z in states]
        self.log_likelihood, self.log_prior, self.log_posterior = np.asarray(every, np.float64).T
        self.probabilities = np.exp(self.log_posterior)


@pytest.fixture(scope="module", params=DISCRETE.values(), ids=DISCRETE.keys())
def case(request: pytest.FixtureRequest) -> Case:
    return Case(*request.param)


def gradient(case: Case, objective: Bound, key: jax.Array) -> jax.Array:
    """The gradient of one example's bound by all parameters, flat."""
    by_params = jax.grad(lambda params: objective.bound(case.vae, params, key, X, STEP)[0])(case.params)
    return jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(by_params)])


def test_every_state_is_there_once(case: Case) -> None:
    draw = case.vae.enumerate(case.params, X)
    assert sorted(map(tuple, np.asarray(draw.latents).tolist())) == sorted(map(tuple, case.states.tolist()))
    np.testing.assert_allclose(case.probabilities.sum(), 1.0, atol=1e-5)
    np.testing.assert_allclose(np.exp(case.log_prior), np.full(len(case.states), 1 / len(case.states)), rtol=1e-5)


@pytest.mark.parametrize("kl", ["closed_form", "sampled"])
def test_the_enumerated_elbo_and_log_p_are_sums_over_all_states(case: Case, kl: Any) -> None:
    distortion, rate = (
        -case.probabilities @ case.log_likelihood,
        case.probabilities @ (case.log_posterior - case.log_prior),
    )
    objective = ELBO(beta=0.7, kl=kl, expectation="enumerated", squared_error_weight=0.3)
    squared_error = [
        np.sum((X - case.vae.decode(case.params, jnp.asarray(z, jnp.float32)).mean) ** 2)  # type: ignore[attr-defined]
        for z in case.states
    ]
    value, metrics = objective.bound(case.vae, case.params, jax.random.key(0), X, STEP)
    expected = -distortion - 0.7 * rate - 0.3 * case.probabilities @ np.asarray(squared_error)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    scores = objective.score(case.vae, case.params, jax.random.key(0), X)
    for name, number in {"elbo": -distortion - rate, "log_likelihood": -distortion, "kl": rate}.items():
        np.testing.assert_allclose(metrics[name], number, rtol=1e-5)
        np.testing.assert_allclose(scores[name], number, rtol=1e-5)

    exact = exact_log_marginal(case.vae, case.params, X)
    np.testing.assert_allclose(exact, special.logsumexp(case.log_likelihood + case.log_prior), rtol=1e-5)
    # log p(x) − ELBO = KL(q ‖ p(z|x)), summed by hand
    log_true_posterior = case.log_likelihood + case.log_prior - float(exact)
    gap = case.probabilities @ (case.log_posterior - log_true_posterior)
    np.testing.assert_allclose(exact - scores["elbo"], gap, rtol=1e-3)
    assert gap > 0.1


def test_importance_sampling_agrees_with_the_exact_log_p(case: Case) -> None:
    """log p̂(x) of 100,000 draws: the mean weight is p(x) within 5 standard errors."""
    q = case.vae.encode(case.params, X)
    draws = jax.jit(jax.vmap(lambda key: case.vae.draw(case.params, key, X, posterior=q)))(keys(1, NUM_DRAWS))
    exact = float(exact_log_marginal(case.vae, case.params, X))
    assert_mean(np.exp(np.asarray(draws.log_weight, np.float64) - exact), 1.0)
    estimate = jv.log_marginal(case.vae, case.params, jax.random.key(2), X, num_samples=20_000)
    weights = np.exp(np.asarray(draws.log_weight, np.float64) - exact)
    assert abs(float(estimate) - exact) < 6 * weights.std() / np.sqrt(20_000)


@pytest.mark.slow
@pytest.mark.parametrize("kl", ["closed_form", "sampled"])
def test_the_score_function_gradient_is_the_exact_gradient_in_the_mean(case: Case, kl: Any) -> None:
    """100,000 gradients by up to 68 parameters, each within 6 standard errors: fails with probability 1e-7.

    Each is of 4 draws, the others' mean for a baseline; of one draw they vary more than 4 times as much in the encoder.
    """
    exact = gradient(case, ELBO(beta=0.7, expectation="enumerated"), jax.random.key(0))
    sampled = jax.jit(jax.vmap(partial(gradient, case, ELBO(beta=0.7, kl=kl))))(keys(3, NUM_DRAWS))
    assert_mean(sampled, exact, standard_errors=6)
    of_one = jax.jit(jax.vmap(partial(gradient, case, ELBO(beta=0.7, kl=kl, num_samples=1))))(keys(3, NUM_DRAWS))
    assert_mean(of_one, exact, standard_errors=6)
    assert np.var(of_one, axis=0).sum() > 4.5 * np.var(sampled, axis=0).sum()
    without = jax.grad(lambda params, key: jv.elbo(case.vae, params, key, X).log_likelihood)
    encoder = jax.tree.leaves(jax.jit(jax.vmap(without, (None, 0)))(case.params, keys(3, 9))["encoder"])
    assert all(np.all(leaf == 0) for leaf in encoder), "a discrete draw passes no gradient of its own"


def test_the_gradient_of_vimco_is_that_of_the_sum_over_all_pairs_of_states(case: Case) -> None:
    """IWAE with 2 draws: 16² pairs summed exactly, and 100,000 gradients of VIMCO, within 6 standard errors."""

    def by_enumeration(params: Params) -> jax.Array:
        states = case.vae.enumerate(params, X)
        log_weight, probability = states.log_weight, jnp.exp(states.log_posterior)
        bounds = jnp.logaddexp(log_weight[:, None], log_weight[None, :]) - jnp.log(2.0)
        return jnp.sum(probability[:, None] * probability[None, :] * bounds)

    assert len(case.states) == 16
    value, tree = jax.jit(jax.value_and_grad(by_enumeration))(case.params)
    exact = jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(tree)])
    sampled = jax.jit(jax.vmap(partial(gradient, case, IWAE(2))))(keys(7, NUM_DRAWS))
    assert_mean(sampled, exact, standard_errors=6)
    bounds = jax.jit(jax.vmap(lambda key: IWAE(2).bound(case.vae, case.params, key, X, STEP)[0]))(keys(8, NUM_DRAWS))
    assert_mean(bounds, value, standard_errors=6)


@pytest.mark.slow
def test_the_closed_form_kl_takes_no_part_in_the_score(case: Case) -> None:
    """The score term is log p(x|z) ∇log q(z|x), worked out by hand for one draw."""
    objective, key = ELBO(beta=0.7, num_samples=1), keys(5, 1)[0]
    z = case.vae.draw(case.params, key, X).latents

    def by_hand(params: Params) -> jax.Array:
        q, p = case.vae.encode(params, X), case.vae.prior.distribution(case.vae, params)
        log_likelihood = case.vae.decode(params, z).log_prob(X)
        score = jax.lax.stop_gradient(log_likelihood) * q.log_prob(z)
        return log_likelihood + score - 0.7 * jv.kl_divergence(q, p).value

    expected = jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(jax.grad(by_hand)(case.params))])
    np.testing.assert_allclose(gradient(case, objective, keys(5, 1)[0]), expected, rtol=1e-4, atol=1e-5)


STRAIGHT_THROUGH = {
    "Categorical": posteriors.Concrete(4, temperature=0.5, straight_through=True),
    "Bernoulli": posteriors.BinaryConcrete(temperature=0.5, straight_through=True),
}


def test_straight_through_values_are_those_of_the_discrete_model(case: Case) -> None:
    """Each draw is a state, its ELBO is the discrete model's at that state; the states' frequencies are q's."""
    name = type(case.vae.posterior).__name__
    vae, _ = model(STRAIGHT_THROUGH[name], case.prior, case.latent_dim)
    draws = jax.jit(jax.vmap(lambda key: vae.draw(case.params, key, X)))(keys(6, NUM_DRAWS))
    z = np.asarray(draws.latents)
    states = (z[:, None, :] == case.states).all(-1)  # exactly zeros and ones
    assert np.all(states.sum(1) == 1)
    which = states.argmax(1)
    np.testing.assert_allclose(draws.log_likelihood, case.log_likelihood[which], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(draws.log_posterior, case.log_posterior[which], rtol=1e-4, atol=1e-5)
    kl = case.vae.draw(case.params, keys(7, 1)[0], X).kl[0]
    np.testing.assert_allclose(draws.kl[:, 0], np.full(NUM_DRAWS, kl), rtol=1e-6)
    assert np.all(draws.score == 0)
    error = np.sqrt(case.probabilities * (1 - case.probabilities) / NUM_DRAWS)
    assert np.all(np.abs(states.mean(0) - case.probabilities) < 6 * error)
    np.testing.assert_allclose(
        exact_log_marginal(vae, case.params, X), exact_log_marginal(case.vae, case.params, X), rtol=1e-6
    )
    by_params = jax.grad(lambda params: vae.draw(params, keys(8, 1)[0], X).log_likelihood)(case.params)
    assert_finite(by_params)
    assert all(np.any(leaf != 0) for leaf in jax.tree.leaves(by_params["encoder"])), "the relaxed gradient passes"


def test_a_straight_through_gradient_is_that_of_the_relaxed_draw() -> None:
    """dz/dlogits of softmax((l + G) / τ): (diag(y) − y yᵀ) / τ, and of sigmoid((l + L) / τ): y (1 − y) / τ."""
    logits, key = jnp.array([0.3, -0.2, 0.9]), jax.random.key(9)

    def hard(logits: jax.Array) -> jax.Array:
        relaxed = jv.distributions.Concrete(logits, 0.5, 3)
        return jv.distributions.StraightThrough(jv.distributions.OneHot(logits, 3), relaxed).sample(jnp.copy(key))

    y = np.exp(np.asarray(jv.distributions.Concrete(logits, 0.5, 3).sample(jnp.copy(key)), np.float64))
    np.testing.assert_allclose(jax.jacobian(hard)(logits), (np.diag(y) - np.outer(y, y)) / 0.5, rtol=1e-4)

    def hard_binary(logits: jax.Array) -> jax.Array:
        relaxed = jv.distributions.BinaryConcrete(logits, 0.5)
        return jv.distributions.StraightThrough(jv.distributions.Bernoulli(logits), relaxed).sample(jnp.copy(key))

    y = special.expit(np.asarray(jv.distributions.BinaryConcrete(logits, 0.5).sample(jnp.copy(key)), np.float64))
    np.testing.assert_allclose(jax.jacobian(hard_binary)(logits), np.diag(y * (1 - y)) / 0.5, rtol=1e-4)


_PAIR, _PAIR_WEIGHTS = log_simplex_nodes(2, 2001, spread=60.0)
RELAXED = {
    "Concrete": (posteriors.Concrete(2), priors.UniformConcrete(2), 2, _PAIR, _PAIR_WEIGHTS),
    "BinaryConcrete": (
        posteriors.BinaryConcrete(),
        priors.UniformBinaryConcrete(),
        1,
        _PAIR[:, :1] - _PAIR[:, 1:],
        _PAIR_WEIGHTS,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RELAXED)
@pytest.mark.parametrize("sharpness", [1.0, 12.0])
def test_a_relaxed_elbo_is_a_bound_of_its_own_log_p(name: str, sharpness: float) -> None:
    """log p(x) of the relaxed model by quadrature; the mean importance weight of 100,000 draws is p(x) within 6 SE.

    With sharpness 12 most draws lie where float32 has no more numbers next to the corner.
    """
    posterior, prior, latent_dim, points, weights = RELAXED[name]
    vae, params = model(posterior, prior, latent_dim)
    log_likelihood = jax.jit(jax.vmap(lambda z: vae.decode(params, z).log_prob(X)))(jnp.asarray(points, jnp.float32))
    prior_mass = weights * np.exp(concrete_log_prob(np.zeros(2), np.array(prior.temperature), _PAIR))
    np.testing.assert_allclose(prior_mass.sum(), 1.0, atol=1e-6)
    log_marginal = np.log(prior_mass @ np.exp(np.asarray(log_likelihood, np.float64)))

    outputs = sharpness * np.asarray(vae.encoder.apply(params["encoder"], X, (latent_dim,)))
    q = vae.posterior.distribution(vae, params, jnp.asarray(outputs))
    draws = jax.jit(jax.vmap(lambda key: vae.draw(params, key, X, posterior=q)))(keys(10, NUM_DRAWS))
    assert_finite(draws)
    log_weight = np.asarray(draws.log_weight, np.float64)
    elbo, error = mean_and_error(log_weight)
    assert elbo + 6 * error < log_marginal
    if sharpness == 1.0:
        assert_mean(np.exp(log_weight - log_marginal), 1.0, standard_errors=6)
    gradients = jax.vmap(jax.grad(lambda params, key: vae.draw(params, key, X).log_weight), (None, 0))
    assert_finite(gradients(params, keys(11, 5)))


def test_the_rate_of_a_sharp_relaxed_posterior_grows_with_its_sharpness() -> None:
    """No draw beyond the resolution of float32 may count as cheap: else the encoder would flee to the corner."""
    prior = jv.distributions.BinaryConcrete(jnp.zeros(1), 0.5)
    rates = []
    for logit in (0.0, 4.0, 8.0, 16.0, 64.0, 1e3):
        q = jv.distributions.BinaryConcrete(jnp.full(1, logit), 2 / 3)
        rates.append(float(np.mean(jax.vmap(lambda key, q=q: jv.kl_divergence(q, prior, key).value)(keys(12, 2000)))))
    assert rates == sorted(rates)
    assert rates[0] >= 0


@pytest.mark.parametrize("estimator", ["sticking_the_landing", "doubly_reparameterized"])
def test_estimators_of_the_path_are_refused_where_it_goes_straight_through(estimator: Any) -> None:
    vae, params = model(posteriors.BinaryConcrete(straight_through=True), priors.UniformBernoulli(), 4)
    bound = partial(IWAE(3, estimator).bound, vae, params, step=STEP)
    words = f"{estimator} .* own gradient, got BinaryConcrete: use `objective.estimator="
    with pytest.raises(jv.UserError, match=words):
        jax.eval_shape(bound, jax.random.key(0), X)


@pytest.mark.parametrize(
    ("posterior", "prior", "latent_dim", "words"),
    [
        (posteriors.DiagonalNormal(), priors.StandardNormal(), 2, "DiagonalNormal over real vectors: take `posterior="),
        (posteriors.Concrete(2), priors.UniformConcrete(2), 2, "got Concrete over log-probabilities"),
        (posteriors.Bernoulli(), priors.UniformBernoulli(), 17, "at most 65536 values to be enumerated, got 131072"),
        (posteriors.Categorical(4), priors.UniformCategorical(4), 4000, "OneHot must have at most 65536 values"),
    ],
)
def test_what_cannot_be_enumerated_says_so_when_it_is_traced(
    posterior: Any, prior: Any, latent_dim: int, words: str
) -> None:
    vae = jv.VAE(DATA_SHAPE, latent_dim, jv.networks.MLP(()), jv.networks.MLP(()), posterior, prior)
    objective = ELBO(expectation="enumerated")
    params = jax.eval_shape(lambda: jv.init(vae, jax.random.key(0)))
    with pytest.raises(jv.UserError, match=words) as error:
        jax.eval_shape(lambda params: objective.bound(vae, params, jax.random.key(0), X, STEP), params)
    assert "\n" not in str(error.value)
    assert "`objective.expectation='sampled'`" in str(error.value)
