"""β-TCVAE: the weights of both estimators by loops and by enumeration, the total correlation of Gaussians."""

import dataclasses
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxvae as jv
from jaxvae.distributions import MultivariateNormal, Normal
from jaxvae.objectives import BetaTCVAE, Lagging
from jaxvae.objectives.total_correlation import log_aggregate, log_weights
from jaxvae.training import create_state, train_step
from jaxvae.training.epoch import Batch
from tests.helpers import BATCH, assert_trees_close, binary_batch, init, keys, tiny_vae
from tests.training.conftest import NUM_TRAIN, make_job

N, B, D = 11, 4, 3
ESTIMATORS = ["weighted", "stratified"]


def posteriors(seed: int, count: int) -> tuple[Normal, np.ndarray]:
    """q(z|x_j) of a batch, and a draw of each."""
    rng = np.random.default_rng(seed)
    loc, scale = rng.normal(size=(count, D)), rng.uniform(0.4, 1.2, (count, D))
    z = (loc + scale * rng.normal(size=(count, D))).astype(np.float32)
    return Normal(jnp.asarray(loc, jnp.float32), jnp.asarray(scale, jnp.float32), event_ndim=1), z


def densities(q: Normal, z: np.ndarray) -> np.ndarray:
    """q(z_id|x_j), `[i, j, d]`, in float64."""
    return stats.norm(np.asarray(q.loc, np.float64), np.asarray(q.scale, np.float64)).pdf(z[:, None, :])


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_estimates_against_loops_over_the_formulas_of_the_paper(estimator: Any) -> None:
    """Appendix C.1 and C.2; of the second the mean over which of the others comes last, padding in between."""
    q, z = posteriors(0, B + 2)
    kept = [0, 2, 3, 5]
    mask = np.isin(np.arange(B + 2), kept)
    joint, each = jax.jit(lambda q: log_aggregate(q, jnp.asarray(z), mask, N, estimator))(q)
    assert joint.shape == (B + 2,)
    assert each.shape == (B + 2, D)
    density = densities(q, z)
    for i in kept:
        orders: list[dict[int, float]] = []  # weight of each j
        if estimator == "weighted":
            orders = [dict.fromkeys(kept, 1 / (N * B))]
        else:
            m = B - 1  # the appendix's M
            for last in set(kept) - {i}:
                orders.append({i: 1 / N, last: (N - m) / (N * m)} | dict.fromkeys(set(kept) - {i, last}, 1 / m))
        weights = {j: np.mean([order[j] for order in orders]) for j in kept}
        expected = sum(weights[j] * np.prod(density[i, j]) for j in kept)
        np.testing.assert_allclose(joint[i], np.log(expected), rtol=1e-5)
        for d in range(D):
            expected = sum(weights[j] * density[i, j, d] for j in kept)
            np.testing.assert_allclose(each[i, d], np.log(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dataset_size", [4, 11])
def test_the_stratified_weights_sum_to_one_and_the_own_weight_is_on_the_diagonal(dataset_size: int) -> None:
    weights = np.exp(log_weights(jnp.ones(B, bool), dataset_size, "stratified"))
    np.testing.assert_allclose(weights.sum(axis=1), np.ones(B), rtol=1e-6)
    np.testing.assert_allclose(np.diag(weights), np.full(B, 1 / dataset_size), rtol=1e-6)
    weighted = np.exp(log_weights(jnp.ones(B, bool), dataset_size, "weighted"))
    np.testing.assert_allclose(weighted, np.full((B, B), 1 / (dataset_size * B)), rtol=1e-6)


def test_the_stratified_estimate_is_unbiased() -> None:
    """All batches of 3 of 6 examples that hold the first: the mean of the estimates is q(z) itself."""
    q, z = posteriors(1, 6)
    estimate = jax.jit(lambda q, z: jnp.exp(log_aggregate(q, z, jnp.ones(3, bool), 6, "stratified")[0][0]))
    estimates = []
    for others in itertools.combinations(range(1, 6), 2):
        rows = np.array([0, *others])
        estimates.append(estimate(jax.tree.map(lambda leaf: leaf[rows], q), jnp.asarray(z)[rows]))  # noqa: B023
    np.testing.assert_allclose(np.mean(estimates), densities(q, z)[0].prod(axis=-1).mean(), rtol=1e-5)
    assert np.std(estimates) > 0.01 * np.mean(estimates)


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_the_total_correlation_of_a_gaussian(correlation: float) -> None:
    """TC = −½ log(1 − ρ²), and 0 for ρ = 0, with a batch that is the whole data set, so that q(z) is known exactly.

    q(z|x) = N(μ_x, 0.15 I) and Cov[μ] = [[0.85, ρ], [ρ, 0.85]]: with 2,000 x, q(z) is N(0, [[1, ρ], [ρ, 1]]) but for
    its finite number. Over data sets the spread is 0.011 for ρ = 0.8, and 0.001 about a bias of 0.003 for ρ = 0; 0.07
    and 0.01 are allowed.
    """
    count, variance = 2000, 0.15
    rng = np.random.default_rng(5)
    loc = rng.multivariate_normal([0, 0], [[1 - variance, correlation], [correlation, 1 - variance]], count)
    z = jnp.asarray(loc + np.sqrt(variance) * rng.normal(size=loc.shape), jnp.float32)
    q = Normal(jnp.asarray(loc, jnp.float32), jnp.full((count, 2), np.sqrt(variance), jnp.float32), event_ndim=1)
    joint, each = jax.jit(lambda q, z: log_aggregate(q, z, jnp.ones(count, bool), count, "stratified"))(q, z)
    expected = -0.5 * np.log(1 - correlation**2)
    assert abs(float(jnp.mean(joint - each.sum(-1))) - expected) < (0.07 if correlation else 0.01)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_with_weights_of_one_the_loss_is_minus_the_sampled_elbo(estimator: Any) -> None:
    model, xs, mask = tiny_vae(), binary_batch(), np.ones(BATCH, bool)
    params = init(model, jax.random.key(0))
    loss = jax.jit(lambda objective: objective.loss(model, params, keys(1, BATCH), xs, mask, jnp.asarray(0)))
    value, metrics = loss(BetaTCVAE(beta=1.0, estimator=estimator, dataset_size=N))
    sampled = jax.vmap(lambda key, x: jv.elbo(model, params, key, x, kl="sampled").value)(keys(1, BATCH), xs)
    closed = jax.vmap(lambda key, x: jv.elbo(model, params, key, x).value)(keys(1, BATCH), xs)
    np.testing.assert_allclose(value, -np.mean(sampled), rtol=1e-5)
    np.testing.assert_allclose(metrics["elbo"], np.mean(closed), rtol=1e-5)
    other, parts = loss(BetaTCVAE(alpha=2.0, beta=5.0, gamma=0.5, estimator=estimator, dataset_size=N))
    extra = parts["mutual_information"] + 4.0 * parts["total_correlation"] - 0.5 * parts["dimension_kl"]
    np.testing.assert_allclose(other - value, extra, rtol=1e-4)
    assert abs(float(extra)) > 0.1


@pytest.mark.slow
def test_training_hands_over_the_size_of_the_training_set() -> None:
    """The step of an objective that was not told N is that of one that was told, and not of another N."""
    job = make_job(objective=BetaTCVAE())
    batch = Batch(jnp.arange(5), jnp.ones(5, bool))
    metrics = []
    for size in (None, NUM_TRAIN, 2 * NUM_TRAIN):
        training = dataclasses.replace(job.training, objective=BetaTCVAE(dataset_size=size))
        state = create_state(training, jax.random.key(0), None, NUM_TRAIN)
        metrics.append(jax.jit(train_step)(training, state, job.images, batch)[1])
    assert_trees_close(metrics[0], metrics[1], rtol=0, atol=0)
    assert float(metrics[0]["loss"]) != float(metrics[2]["loss"])
    assert BetaTCVAE(dataset_size=7).for_run(9, 1).dataset_size == 7
    wrapped = Lagging(BetaTCVAE(), window=3).for_run(9, 1)
    assert wrapped == Lagging(BetaTCVAE(dataset_size=9), window=3)
    assert wrapped.for_run(9, 1) is wrapped


def test_bad_input() -> None:
    model, xs, mask = tiny_vae(), binary_batch(), np.ones(BATCH, bool)
    params = init(model, jax.random.key(0))
    with pytest.raises(jv.UserError, match=r"BetaTCVAE.dataset_size is needed outside of training"):
        BetaTCVAE().loss(model, params, keys(1, BATCH), xs, mask, jnp.asarray(0))
    q = MultivariateNormal(jnp.zeros((B, D)), jnp.eye(D))
    with pytest.raises(jv.UserError, match=r"independent dimensions, got MultivariateNormal"):
        log_aggregate(q, jnp.zeros((B, D)), jnp.ones(B, bool), N, "weighted")
    with pytest.raises(jv.UserError, match=r"BetaTCVAE.estimator must be one of weighted, stratified"):
        BetaTCVAE(estimator="mss")  # type: ignore[arg-type]
    with pytest.raises(jv.UserError, match=r"BetaTCVAE.dataset_size must be >= 2, got 1"):
        BetaTCVAE(dataset_size=1)
