"""Bounds of several draws on a linear-Gaussian VAE with a wrong posterior: values and gradients are exact."""

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp, softmax

import jaxvae as jv
from jaxvae import objectives
from jaxvae.objectives import monte_carlo_bound
from jaxvae.objectives.estimators import ESTIMATORS
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from tests.helpers import assert_mean, keys, mean_and_error
from tests.linear_gaussian import LATENT_DIM, NUM_PIXELS, LinearGaussian, as_example

SHIFT, STRETCH = np.array([0.3, -0.2]), np.array([0.8, 1.3])  # how the posterior is wrong
M, K = 3, 5
STEP = jnp.asarray(0)


class Problem:
    """One model, one x, and a posterior that is off; everything that is known about them."""

    def __init__(self) -> None:
        rng = np.random.default_rng(3)
        self.exact = LinearGaussian.random(rng)
        self.flat = self.exact.sample(rng)
        self.vae, self.x = self.exact.vae(), as_example(self.flat)
        self.params = self.exact.params(SHIFT, STRETCH)
        matrix, scale = self.exact.posterior_matrix()
        self.loc, self.scale = matrix @ (self.flat - self.exact.bias) + SHIFT, scale * STRETCH
        self.log_px = self.exact.log_marginal(self.flat)

    def log_weights(self, z: np.ndarray, loc: np.ndarray, scale: np.ndarray, bias: np.ndarray) -> np.ndarray:
        """log p(x|z) + log p(z) − log N(z; loc, scale²) in float64: `[..., latent]` to `[...]`."""
        residual = self.flat - bias - z @ self.exact.weights.T
        noise = self.exact.noise
        log_likelihood = np.sum(-0.5 * (residual / noise) ** 2 - np.log(noise) - 0.5 * np.log(2 * np.pi), axis=-1)
        log_ratio = np.sum(-0.5 * z**2 + 0.5 * ((z - loc) / scale) ** 2 + np.log(scale), axis=-1)
        return log_likelihood + log_ratio


@pytest.fixture(scope="module")
def problem() -> Problem:
    return Problem()


def of_one_draw() -> list[Any]:
    """Every bound with one draw."""
    return [
        objectives.IWAE(1),
        objectives.MIWAE(1, 1),
        objectives.PIWAE(1, 1),
        objectives.CIWAE(0.3, 1),
        objectives.Renyi(0.4, 1),
        objectives.Renyi(1.0, 1),
        objectives.VRMax(1),
        objectives.TVO(4, num_samples=1),
        objectives.ReweightedWakeSleep(1, phases="sleep"),
        *(objectives.IWAE(1, estimator) for estimator in ESTIMATORS),
    ]


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize("objective", of_one_draw(), ids=repr)
def test_of_one_draw_every_bound_is_the_elbo_of_that_key(problem: Problem, objective: Any) -> None:
    expected = jv.elbo(problem.vae, problem.params, jax.random.key(5), problem.x, kl="sampled").value
    value, metrics = objective.bound(problem.vae, problem.params, jax.random.key(5), problem.x, STEP)
    scores = objective.score(problem.vae, problem.params, jax.random.key(5), problem.x)
    for number in (value, metrics["elbo"], metrics["bound"], scores["bound"], scores["elbo"]):
        np.testing.assert_allclose(number, expected, rtol=1e-5)


def in_numpy(objective: Any, log_weights: np.ndarray) -> float:
    """The value of a bound from its log weights, written out once more, in float64."""
    iwae = logsumexp(log_weights) - np.log(len(log_weights))
    match type(objective).__name__:
        case "IWAE" | "PIWAE" | "ReweightedWakeSleep" | "ChiUpperBound":
            return iwae
        case "MIWAE":
            groups = log_weights.reshape(objective.num_groups, objective.num_samples)
            return np.mean([np.log(np.mean(np.exp(group))) for group in groups])
        case "CIWAE":
            return objective.beta * log_weights.mean() + (1 - objective.beta) * iwae
        case "Renyi" if objective.alpha == 1.0:
            return log_weights.mean()
        case "Renyi":
            return np.log(np.mean(np.exp(log_weights) ** (1 - objective.alpha))) / (1 - objective.alpha)
        case "VRMax":
            return log_weights.max()
    assert isinstance(objective, objectives.TVO)
    betas = [0.0, *np.geomspace(objective.smallest_beta, 1.0, objective.num_partitions)]
    total = 0.0
    for start, end in itertools.pairwise(betas):
        weights = np.exp(log_weights * start)
        total += (end - start) * (weights @ log_weights) / weights.sum()
    return total


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize(
    "objective",
    [
        objectives.IWAE(K),
        objectives.IWAE(K, "doubly_reparameterized"),
        objectives.IWAE(K, "score_function"),
        objectives.MIWAE(M, K),
        objectives.PIWAE(M, K),
        objectives.CIWAE(0.3, K),
        objectives.Renyi(0.4, K),
        objectives.Renyi(-1.5, K),
        objectives.Renyi(1.0, K),
        objectives.Renyi(1.0 + 5e-4, K),
        objectives.VRMax(K),
        objectives.TVO(4, num_samples=K),
        objectives.ReweightedWakeSleep(K, phases="both"),
        objectives.ChiUpperBound(num_samples=K),
    ],
    ids=repr,
)
def test_the_reported_value_is_the_bound(problem: Problem, objective: Any) -> None:
    """logsumexp − log K and its relatives, from the log weights of the same draws."""
    count = K * getattr(objective, "num_groups", 1)
    draws = monte_carlo_bound(jnp.mean, problem.vae, problem.params, jax.random.key(7), problem.x, count).draws
    log_weights = problem.log_weights(
        np.asarray(draws.latents, np.float64), problem.loc, problem.scale, problem.exact.bias
    )
    assert log_weights.shape == (count,)
    value, metrics = objective.bound(problem.vae, problem.params, jax.random.key(7), problem.x, STEP)
    expected = in_numpy(objective, log_weights)
    np.testing.assert_allclose([value, metrics["bound"]], [expected] * 2, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(metrics["elbo"], log_weights.mean(), rtol=1e-5)
    if "upper_bound" in metrics:
        expected = 0.5 * np.log(np.mean(np.exp(log_weights) ** 2))
        np.testing.assert_allclose(metrics["upper_bound"], expected, rtol=1e-5)


def test_iwae_rises_from_the_closed_form_elbo_to_log_p_and_chi_lies_above(problem: Problem) -> None:
    """Means over 20,000 keys: each step up is many standard errors; the ELBO within 6 of its closed form."""
    elbo = problem.exact.elbo(problem.flat, problem.loc, problem.scale)

    def values(num_samples: int) -> jax.Array:
        objective = objectives.IWAE(1) if num_samples == 1 else objectives.ChiUpperBound(num_samples=num_samples)
        score = jax.jit(jax.vmap(lambda key: objective.score(problem.vae, problem.params, key, problem.x)))
        scores = score(keys(1, 20_000))
        return jnp.stack([scores["bound"], scores.get("upper_bound", scores["bound"])], axis=1)

    assert_mean(values(1)[:, 0], elbo, standard_errors=6)
    means = {k: mean_and_error(values(k)) for k in (1, 4, 16, 64)}
    for smaller, larger in itertools.pairwise((1, 4, 16, 64)):
        gap = means[larger][0][0] - means[smaller][0][0]
        assert gap > 6 * np.hypot(means[larger][1][0], means[smaller][1][0])
    assert means[64][0][0] < problem.log_px + 6 * means[64][1][0]
    assert problem.log_px - means[64][0][0] < 0.1 * (problem.log_px - elbo)
    # at K = 64 the mean of the χ bound is above log p(x) already, and IWAE below: a sandwich
    assert means[64][0][1] > problem.log_px + 6 * means[64][1][1]


class Gradients:
    """Exact gradients of bounds of a few draws, by finite differences of a quadrature over all of them."""

    def __init__(self, problem: Problem, num_draws: int) -> None:
        self.problem = problem
        raw = np.log(np.expm1(problem.scale - MIN_SCALE)) - np.log(np.expm1(1.0))
        # loc and raw scale of the posterior, then the decoder's bias
        self.at = np.concatenate([problem.loc, raw, problem.exact.bias])
        nodes, weights = np.polynomial.hermite_e.hermegauss(14 if num_draws == 2 else 7)
        axes = num_draws * LATENT_DIM
        grid = np.stack(np.meshgrid(*[nodes] * axes, indexing="ij"), axis=-1)
        self.noise = grid.reshape(-1, num_draws, LATENT_DIM)
        mass = np.prod(np.stack(np.meshgrid(*[weights] * axes, indexing="ij"), axis=-1), axis=-1).reshape(-1)
        self.mass = mass / mass.sum()

    def value(self, combine: Callable[[np.ndarray], np.ndarray], at: np.ndarray) -> float:
        """E[B(log w_1, log w_2)] at parameters (loc, raw, bias)."""
        loc, raw, bias = at[:2], at[2:4], at[4:]
        scale = MIN_SCALE + np.log1p(np.exp(raw + np.log(np.expm1(1.0))))
        log_weights = self.problem.log_weights(loc + scale * self.noise, loc, scale, bias)  # [points, draws]
        return float(self.mass @ combine(log_weights))

    def __call__(self, combine: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Central differences, `[4 + pixels]`."""
        step = 1e-4
        directions = step * np.eye(len(self.at))
        return np.array([
            (self.value(combine, self.at + d) - self.value(combine, self.at - d)) / (2 * step) for d in directions
        ])  # fmt: skip


@pytest.fixture(scope="module")
def gradients(problem: Problem) -> dict[int, Gradients]:
    """By the number of draws."""
    return {num_draws: Gradients(problem, num_draws) for num_draws in (2, 3)}


def log_mean(order: float, log_weights: np.ndarray) -> np.ndarray:
    return (logsumexp(order * log_weights, axis=-1) - np.log(log_weights.shape[-1])) / order


def mean(log_weights: np.ndarray) -> np.ndarray:
    return log_weights.mean(-1)


def ciwae(log_weights: np.ndarray) -> np.ndarray:
    return 0.3 * mean(log_weights) + 0.7 * log_mean(1.0, log_weights)


def tvo(log_weights: np.ndarray) -> np.ndarray:
    """Three intervals, 0 to 0.2 to √0.2 to 1, each by the self-normalised mean at its start."""
    edges = [0.0, 0.2, np.sqrt(0.2), 1.0]
    total = np.zeros(log_weights.shape[:-1])
    for start, end in itertools.pairwise(edges):
        weights = softmax(start * log_weights, axis=-1)
        total += (end - start) * np.sum(weights * log_weights, axis=-1)
    return total


def sampled_gradients(problem: Problem, objective: Any, count: int, seed: int = 11) -> np.ndarray:
    """The gradient of the bound in (loc, raw, decoder bias) for many keys, `[count, 4 + pixels]`."""

    def gradient(key: jax.Array) -> jax.Array:
        tree = jax.grad(lambda params: objective.bound(problem.vae, params, key, problem.x, STEP)[0])(problem.params)
        biases = [tree[part]["params"]["Dense_0"]["bias"] for part in ("encoder", "decoder")]
        return jnp.concatenate(biases)

    return np.asarray(jax.jit(jax.vmap(gradient))(keys(seed, count)), np.float64)


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize(
    ("objective", "generative", "inference"),
    [
        (objectives.IWAE(2), partial(log_mean, 1.0), partial(log_mean, 1.0)),
        (objectives.IWAE(2, "doubly_reparameterized"), partial(log_mean, 1.0), partial(log_mean, 1.0)),
        (objectives.IWAE(2, "score_function"), partial(log_mean, 1.0), partial(log_mean, 1.0)),
        (objectives.MIWAE(3, 2, "doubly_reparameterized"), partial(log_mean, 1.0), partial(log_mean, 1.0)),
        (objectives.MIWAE(2, 1, "sticking_the_landing"), mean, mean),
        (objectives.ELBO(kl="sampled", estimator="sticking_the_landing"), mean, mean),
        (objectives.ELBO(kl="sampled", estimator="score_function"), mean, mean),
        (objectives.CIWAE(0.3, 2), ciwae, ciwae),
        (objectives.CIWAE(0.3, 2, "doubly_reparameterized"), ciwae, ciwae),
        (objectives.Renyi(-1.0, 2, "doubly_reparameterized"), partial(log_mean, 2.0), partial(log_mean, 2.0)),
        (objectives.Renyi(-1.0, 2), partial(log_mean, 2.0), partial(log_mean, 2.0)),
        (objectives.TVO(3, 0.2, 2), tvo, tvo),
        (objectives.TVO(3, 0.2, 2, "doubly_reparameterized"), tvo, tvo),
        (objectives.PIWAE(3, 1), partial(log_mean, 1.0), mean),
        (objectives.PIWAE(3, 1, "doubly_reparameterized"), partial(log_mean, 1.0), mean),
        (objectives.IWAE(3), partial(log_mean, 1.0), partial(log_mean, 1.0)),
        (objectives.IWAE(3, "doubly_reparameterized"), partial(log_mean, 1.0), partial(log_mean, 1.0)),
    ],
    ids=lambda value: repr(value) if hasattr(value, "bound") else "",
)
def test_the_mean_gradient_is_the_exact_gradient(
    problem: Problem, gradients: dict[int, Gradients], objective: Any, generative: Any, inference: Any
) -> None:
    """Over 100,000 keys, 16 numbers within 4 standard errors of quadrature; the keys are fixed."""
    name = "num_groups" if isinstance(objective, objectives.PIWAE) else "num_samples"
    exact = gradients[max(2, getattr(objective, name, None) or 1)]  # a mean of one draw is that of two
    expected = np.concatenate([exact(inference)[:4], exact(generative)[4:]])
    sampled = sampled_gradients(problem, objective, 100_000)
    assert sampled.shape == (100_000, 4 + NUM_PIXELS)
    assert_mean(sampled, expected, standard_errors=4)


@pytest.mark.slow
@pytest.mark.parametrize("num_samples", [5, 12])
def test_dreg_has_the_smaller_encoder_variance(problem: Problem, num_samples: int) -> None:
    plain = sampled_gradients(problem, objectives.IWAE(num_samples), 4000)[:, :4]
    dreg = sampled_gradients(problem, objectives.IWAE(num_samples, "doubly_reparameterized"), 4000)[:, :4]
    assert dreg.var(axis=0).sum() < 0.8 * plain.var(axis=0).sum()


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective",
    [
        objectives.IWAE(1, "sticking_the_landing"),
        objectives.ELBO(kl="sampled", estimator="sticking_the_landing"),
        objectives.IWAE(K, "doubly_reparameterized"),
        objectives.ReweightedWakeSleep(K, estimator="doubly_reparameterized"),
    ],
    ids=repr,
)
def test_no_variance_at_the_exact_posterior(problem: Problem, objective: Any) -> None:
    at_exact = Problem()
    at_exact.params = problem.exact.params()
    sampled = sampled_gradients(at_exact, objective, 200)[:, :4]
    np.testing.assert_allclose(sampled, np.zeros((200, 4)), atol=2e-4)
    assert sampled_gradients(at_exact, objectives.IWAE(K), 200)[:, :4].std() > 0.1


@pytest.mark.slow
def test_the_two_wake_gradients_agree_and_point_to_the_posterior(problem: Problem) -> None:
    """E_p[∇ log q], whose part in loc is (E[z|x] − loc) / scale²; at K = 1,000 within 5 % of it."""
    scores = sampled_gradients(problem, objectives.ReweightedWakeSleep(7), 100_000)[:, :4]
    paths = sampled_gradients(
        problem, objectives.ReweightedWakeSleep(7, estimator="doubly_reparameterized"), 100_000, seed=12
    )[:, :4]
    (one, one_error), (other, other_error) = mean_and_error(scores), mean_and_error(paths)
    assert np.all(np.abs(one - other) < 6 * np.hypot(one_error, other_error))
    many = sampled_gradients(problem, objectives.ReweightedWakeSleep(1000), 2000)[:, :2].mean(0)
    np.testing.assert_allclose(many, -SHIFT / problem.scale**2, rtol=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["score_function", "doubly_reparameterized"])
def test_the_gradient_of_chi_points_to_the_tilted_posterior(problem: Problem, estimator: Any) -> None:
    """−∇CUBO₂ = ½ E[∇ log q] under p(z|x)² / q(z|x), a normal whose mean and scale are known; at K = 1,000, 2,000 keys.

    Of K draws it points there, too, however few they are: the gradient of the estimate of the bound by 2 draws does
    not, nor even in its direction.
    """
    scale, wide = problem.scale / STRETCH, problem.scale / STRETCH * np.array([1.2, 1.4])
    at, params = Problem(), problem.exact.params(SHIFT, np.array([1.2, 1.4]))
    at.params = params
    precision = 2.0 / scale**2 - 1.0 / wide**2
    offset = (2.0 / scale**2 * -SHIFT) / precision  # of the tilted mean from that of q
    expected = 0.5 * offset / wide**2
    many = sampled_gradients(at, objectives.ChiUpperBound(num_samples=1000, estimator=estimator), 2000)[:, :2].mean(0)
    np.testing.assert_allclose(many, expected, rtol=0.05)
    few = sampled_gradients(at, objectives.ChiUpperBound(num_samples=2, estimator=estimator), 20_000)[:, :2]
    value, error = mean_and_error(few)
    assert np.all(value * np.sign(expected) > 6 * error)


def test_the_sleep_gradient_is_that_of_the_joint_model(problem: Problem) -> None:
    """E_{p(x, z)}[∂ log q(z|x) / ∂loc-bias] = E[(z − loc(x)) / scale²] = −SHIFT / scale², for every x."""
    sleep = sampled_gradients(problem, objectives.ReweightedWakeSleep(2, phases="sleep"), 100_000)[:, :2]
    assert_mean(sleep, -SHIFT / problem.scale**2, standard_errors=6)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: objectives.IWAE(0), r"IWAE.num_samples must be >= 1, got 0"),
        (lambda: objectives.MIWAE(num_groups=0), r"MIWAE.num_groups must be >= 1, got 0"),
        (lambda: objectives.CIWAE(beta=1.5), r"CIWAE.beta must be >= 0 and <= 1, got 1.5"),
        (lambda: objectives.TVO(smallest_beta=1.0), r"TVO.smallest_beta must be > 0 and < 1, got 1.0"),
        (lambda: objectives.ChiUpperBound(order=1.0), r"ChiUpperBound.order must be > 1, got 1.0"),
        (
            lambda: objectives.ChiUpperBound(num_samples=1),
            r"num_samples must be >= 2, .* the share of a single draw is",
        ),
        (
            lambda: objectives.ELBO(estimator="sticking_the_landing"),
            r"got the KL closed_form .* `objective.kl='sampled'`",
        ),
        (lambda: objectives.VRMax(estimator="doubly_reparameterized"), r"VRMax.estimator must be one of repar.*; got"),
        (lambda: objectives.GECO(target=-1.0, constrain="rate"), r"GECO.target must be >= 0, got -1.0"),
        (lambda: objectives.Lagging(objectives.RAE()), r"must train a density, .* got RAE"),
        (lambda: objectives.ELBO(estimator="doubly_reparameterized"), r"must be one of .*sticking_the_landing"),
        (lambda: objectives.IWAE(estimator="dreg"), r"estimator must be one of .*doubly_reparameterized"),  # type: ignore[arg-type]
    ],
)
def test_bad_input(build: Callable[[], Any], message: str) -> None:
    with pytest.raises(jv.UserError, match=message):
        build()
