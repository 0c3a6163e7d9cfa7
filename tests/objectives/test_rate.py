"""Objectives that hold the rate: their losses worked out by hand, and GECO on a problem with a known answer."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae import objectives
from jaxvae.training import Optimizer, Training, create_state, train_epoch
from tests.helpers import assert_trees_close, binary_batch, init, keys, tiny_vae
from tests.sizes import BATCH, LATENT_DIM

MASK = np.array([True, True, False, True, True])


class Terms:
    """The draws of a batch in numpy, with KL(N(loc, scale²) ‖ N(0, 1)) of each dimension written out."""

    def __init__(self, latent_dim: int = LATENT_DIM, stretch: Any = 1.0) -> None:
        self.vae, self.xs = tiny_vae(latent_dim=latent_dim), binary_batch()
        self.params = init(self.vae, jax.random.key(0))
        kernel = self.params["encoder"]["params"]["Dense_0"]["kernel"]
        stretch = jnp.ones(latent_dim) * jnp.asarray(stretch)  # of the means, so that rates differ
        self.params["encoder"]["params"]["Dense_0"]["kernel"] = kernel.at[:, :latent_dim].multiply(stretch)
        q = jax.jit(jax.vmap(self.vae.encode, (None, 0)))(self.params, self.xs)
        loc, scale = np.asarray(q.loc, np.float64), np.asarray(q.scale, np.float64)
        self.kl = (0.5 * (loc**2 + scale**2 - 1) - np.log(scale))[MASK].mean(0)  # [latent]
        draw = jax.jit(jax.vmap(self.vae.draw, (None, 0, 0)))(self.params, keys(1, BATCH), self.xs)
        self.log_likelihood = np.asarray(draw.log_likelihood, np.float64)[MASK].mean()
        assert min(self.kl) > 0.02
        assert abs(self.kl[0] - self.kl[1]) > 0.01

    def loss(self, objective: Any, params: Any = None) -> float:
        """The loss of the batch, one of five examples masked out."""
        params = self.params if params is None else params
        return float(objective.loss(self.vae, params, keys(1, BATCH), self.xs, MASK, jnp.asarray(3))[0])


@pytest.fixture(scope="module")
def terms() -> Terms:
    return Terms()


def test_free_bits(terms: Terms) -> None:
    """λ between the rates of the two dimensions: one is free, the other pays."""
    between = float(terms.kl.mean())
    expected = -terms.log_likelihood + np.maximum(between, terms.kl).sum()
    np.testing.assert_allclose(terms.loss(objectives.FreeBits(between)), expected, rtol=1e-5)
    for nats in (0.5 * terms.kl.sum(), 2 * terms.kl.sum()):
        expected = -terms.log_likelihood + max(nats, terms.kl.sum())
        np.testing.assert_allclose(terms.loss(objectives.FreeBits(nats, "level")), expected, rtol=1e-5)


def test_free_bits_of_groups_of_dimensions() -> None:
    """Four dimensions in two groups, one below λ and one above; the schedule at a quarter of its way."""
    terms = Terms(latent_dim=4, stretch=(1.0, 0.3, 3.0, 2.0))
    rates = terms.kl.reshape(2, 2).sum(1)
    between = float(rates.mean())
    assert rates.min() < 0.9 * between
    objective = objectives.FreeBits(between, group_size=2, schedule=objectives.Linear(steps=12))
    expected = -terms.log_likelihood + 0.25 * np.maximum(between, rates).sum()
    np.testing.assert_allclose(terms.loss(objective), expected, rtol=1e-5)
    assert objective.warmup_steps == 12
    with pytest.raises(jv.UserError, match=r"group_size must divide latent_dim 4, got 3: take one of 1, 2, 4"):
        objectives.FreeBits(group_size=3).check_model(terms.vae)
    with pytest.raises(jv.UserError, match=r"groups of dimensions, got 2 with the group level"):
        objectives.FreeBits(group="level", group_size=2)


@pytest.mark.parametrize(
    "objective",
    [
        objectives.FreeBits(0.4),
        objectives.FreeBits(0.1, "level"),
        objectives.Capacity(0.8, 7.0, objectives.Constant()),
        objectives.MinimumRate(2.0, 3.0),
        objectives.Lagging(objectives.MinimumRate(2.0, 3.0)),
    ],
    ids=repr,
)
def test_validation_goes_by_minus_the_loss(terms: Terms, objective: Any) -> None:
    """Of all examples as one batch, each with its key."""
    params = {**terms.params, "objective": objective.init(jax.random.key(0), terms.vae, None)}
    scores = jax.jit(jax.vmap(objective.score, (None, None, 0, 0)))(terms.vae, params, keys(1, BATCH), terms.xs)
    summary = objective.summary({name: values[MASK].mean(0) for name, values in scores.items()})
    np.testing.assert_allclose(summary[objective.monitor], -terms.loss(objective, params), rtol=1e-5)


def test_a_collapsed_model_with_the_better_elbo_is_not_the_best() -> None:
    objective = objectives.FreeBits(0.5)

    def summary(log_likelihood: float, rates: list[float]) -> Any:
        terms = {"elbo": log_likelihood - sum(rates), "log_likelihood": log_likelihood, "kl": sum(rates)}
        return objective.summary({**jax.tree.map(jnp.asarray, terms), "kl_groups": jnp.asarray(rates)})

    collapsed, other = summary(-20.0, [0.0] * 4), summary(-19.4, [0.5] * 4)
    assert collapsed["elbo"] > other["elbo"]
    assert collapsed["bound"] < other["bound"]


@pytest.mark.parametrize(("constrain", "values"), [("distortion", (-3.0, -43.0)), ("rate", (-14.0, -44.0))])
def test_geco_is_judged_by_its_cost_and_by_what_it_misses(constrain: Any, values: tuple[float, float]) -> None:
    """Once within its target of 20 or 8 nats, once beyond it by 4 or 3; 10 nats for each."""
    target = {"distortion": 20.0, "rate": 8.0}[constrain]
    objective = objectives.GECO(target, constrain)
    within, beyond = {"distortion": ((14.0, 3.0), (24.0, 3.0)), "rate": ((14.0, 8.0), (14.0, 11.0))}[constrain]
    for (distortion, rate), value in zip((within, beyond), values, strict=True):
        means = {"log_likelihood": jnp.asarray(-distortion), "kl": jnp.asarray(rate)}
        assert objective.summary(means)["bound"] == value


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "weight"),
    [
        (objectives.MinimumRate, 1.0),
        (objectives.DIPVAE, 1.0),
        (objectives.FactorVAE, 1.0),
        (partial(objectives.InfoVAE, alpha=0.4), 0.6),
        (partial(objectives.MSSSIM, beta=0.7), 0.7),
        (partial(objectives.SemiAmortized, steps=1, learning_rate=1e-9), 1.0),
    ],
)
def test_the_schedule_weighs_the_kl_alone(terms: Terms, build: Any, weight: float) -> None:
    """A third of the way (step 3 of 9); the true ELBO is reported."""
    plain, scheduled = build(), build(schedule=objectives.Linear(steps=9))
    params = {**terms.params, "objective": plain.init(jax.random.key(5), terms.vae, None)}
    step = jnp.asarray(3)
    losses = [
        one.loss(terms.vae, params, keys(1, BATCH), terms.xs, MASK, step)[1]
        for one in (plain, scheduled)
    ]  # fmt: skip
    np.testing.assert_allclose(losses[0]["loss"] - losses[1]["loss"], 2 / 3 * weight * terms.kl.sum(), rtol=1e-3)
    assert losses[0]["elbo"] == losses[1]["elbo"]
    assert scheduled.warmup_steps == 9


def test_the_schedule_weighs_all_three_parts_of_the_kl(terms: Terms) -> None:
    plain = objectives.BetaTCVAE(dataset_size=50)
    scheduled = objectives.BetaTCVAE(dataset_size=50, schedule=objectives.Linear(steps=9))
    costs = [terms.loss(one) + terms.log_likelihood for one in (plain, scheduled)]
    np.testing.assert_allclose(costs[1], costs[0] / 3, rtol=1e-3)


def test_capacity_and_minimum_rate(terms: Terms) -> None:
    rate, schedule = terms.kl.sum(), objectives.Linear(steps=12)  # a quarter at step 3
    for capacity in (0.1 * rate, 9.0 * rate):
        expected = -terms.log_likelihood + 7.0 * abs(rate - capacity / 4)
        objective = objectives.Capacity(capacity, gamma=7.0, schedule=schedule)
        np.testing.assert_allclose(terms.loss(objective), expected, rtol=1e-5)
    for minimum in (0.5 * rate, 3.0 * rate):
        expected = -terms.log_likelihood + rate + 2.5 * max(0.0, minimum - rate)
        np.testing.assert_allclose(terms.loss(objectives.MinimumRate(minimum, 2.5)), expected, rtol=1e-5)


@pytest.mark.parametrize("constrain", ["distortion", "rate"])
def test_geco_loss_and_update(terms: Terms, constrain: Any) -> None:
    objective = objectives.GECO(2.0, constrain, speed=0.1, decay=0.75)
    fixed = {"log_multiplier": jnp.asarray(0.5), "average": jnp.asarray(-1.0)}
    params = {**terms.params, "objective": {"fixed": fixed}}
    rate, distortion = terms.kl.sum(), -terms.log_likelihood
    cost, constrained = (rate, distortion) if constrain == "distortion" else (distortion, rate)
    np.testing.assert_allclose(terms.loss(objective, params), cost + np.exp(0.5) * (constrained - 2.0), rtol=1e-5)
    moved = objective.update(terms.vae, params, keys(1, BATCH), terms.xs, MASK, jnp.asarray(3))["objective"]["fixed"]
    average = 0.75 * -1.0 + 0.25 * (constrained - 2.0)
    np.testing.assert_allclose(moved["average"], average, rtol=1e-5)
    np.testing.assert_allclose(moved["log_multiplier"], 0.5 + 0.1 * average, rtol=1e-5)


def test_geco_reaches_its_target() -> None:
    """The rate of a small model is held at 1.5 nats, where the ELBO alone would have it elsewhere."""
    images = np.asarray(binary_batch(seed=1, batch=40))
    target = 1.5

    def rate_after_training(objective: Any) -> float:
        training = Training(tiny_vae(), jv.data.Preprocessing(), Optimizer(learning_rate=0.02), objective, 20)
        state = create_state(training, jax.random.key(0), None, len(images))
        epoch = jax.jit(train_epoch)
        metrics: Any = {}
        for _ in range(300):
            state, metrics = epoch(training, state, jnp.asarray(images))
        return float(metrics["kl"])

    constrained = rate_after_training(objectives.GECO(target, "rate", speed=0.01, decay=0.9))
    assert abs(constrained - target) < 0.15
    assert abs(rate_after_training(objectives.ELBO()) - target) > 0.4


def test_free_bits_of_dimensions_asks_for_independent_ones() -> None:
    model = tiny_vae(prior=Correlated())
    with pytest.raises(jv.UserError, match=r"needs a posterior and a prior with independent dimensions") as error:
        objectives.FreeBits().loss(
            model, init(model, jax.random.key(0)), keys(1, BATCH), binary_batch(), MASK, jnp.asarray(0)
        )
    assert "\n" not in str(error.value)


@jv.dataclass
class Correlated(jv.priors.Prior):
    """A prior whose dimensions depend on each other."""

    def distribution(self, model: jv.VAE, params: Any) -> jv.distributions.MultivariateNormal:
        """N(0, L Lᵀ)."""
        del params
        return jv.distributions.MultivariateNormal(jnp.zeros(model.latent_dim), jnp.tril(jnp.ones((2, 2))))


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective",
    [objectives.MinimumRate(0.0), objectives.Capacity(0.0, gamma=1.0), objectives.FreeBits(0.0, "level")],
    ids=repr,
)
def test_without_a_constraint_the_gradient_is_the_elbos_for_discrete_latents_too(objective: Any) -> None:
    """No gradient passes through a binary z: the encoder learns by the score alone."""
    model = tiny_vae(posterior=jv.posteriors.Bernoulli(), prior=jv.priors.UniformBernoulli())
    params, objective = init(model, jax.random.key(0)), objective.for_run(num_examples=90, num_steps=100)

    def gradient(objective: Any) -> Any:
        def loss(params: Any) -> jax.Array:
            return objective.loss(model, params, keys(1, BATCH), binary_batch(), MASK, jnp.asarray(3))[0]

        return jax.jit(jax.grad(loss))(params)

    ours, elbos = gradient(objective), gradient(objectives.ELBO(num_samples=1))
    assert np.any(np.abs(elbos["encoder"]["params"]["Dense_0"]["kernel"]) > 1e-3)
    assert_trees_close(ours, elbos, rtol=1e-4, atol=1e-5)
