"""The step, the epoch and the look at validation data."""

import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.data import Preprocessing
from jaxvae.training import (
    Optimizer,
    Training,
    create_state,
    example_keys,
    shuffled_batches,
    train_epoch,
    train_step,
    validate,
)
from jaxvae.training.epoch import Batch, score_examples
from tests.helpers import assert_trees_close, binary_batch, tiny_vae
from tests.training.conftest import BATCH, NUM_TRAIN, NUM_VALIDATION, Job, make_job


@pytest.mark.parametrize(("num_examples", "batch_size"), [(23, 5), (20, 5), (3, 7), (1, 1)])
def test_batches_hold_every_example_once(num_examples: int, batch_size: int) -> None:
    batches = shuffled_batches(jax.random.key(0), num_examples, batch_size)
    assert batches.indices.shape == batches.mask.shape == (-(-num_examples // batch_size), batch_size)
    kept = np.asarray(batches.indices)[np.asarray(batches.mask)]
    assert sorted(kept) == list(range(num_examples))
    if num_examples > 20:
        assert list(kept) != list(range(num_examples))


def test_example_keys_do_not_depend_on_how_many_there_are() -> None:
    few, many = (jax.random.key_data(example_keys(jax.random.key(3), count)) for count in (4, 9))
    np.testing.assert_array_equal(few, many[:4])
    assert len({tuple(key) for key in np.asarray(many)}) == 9


def test_epoch_metrics_are_means_over_examples_not_over_batches(job: Job) -> None:
    """With a learning rate of nearly 0 the epoch's ELBO is the mean over all 23 examples, each counted once."""
    training = dataclasses.replace(
        job.training,
        optimizer=Optimizer(learning_rate=1e-30),
        preprocessing=dataclasses.replace(job.training.preprocessing, binarize="threshold"),
        objective=jv.objectives.Autoencoder(),  # no noise, so that the order does not matter
    )
    state = create_state(training, jax.random.key(1), None, NUM_TRAIN)
    _, metrics = jax.jit(train_epoch)(training, state, job.images)
    x = (job.images / 9 >= 0.5).astype(jnp.float32)
    codes = jax.vmap(lambda one: jv.encode(training.model, state.params, one).mean)(x)  # type: ignore[attr-defined]
    exact = jax.vmap(lambda z, one: jv.decode(training.model, state.params, z).log_prob(one))(codes, x)
    np.testing.assert_allclose(metrics["log_likelihood"], np.mean(exact), rtol=1e-5)


def test_padding_changes_nothing(job: Job) -> None:
    indices = jnp.arange(BATCH)
    mask = jnp.arange(BATCH) < 3
    step = jax.jit(train_step)
    one, _ = step(job.training, job.state, job.images, Batch(indices, mask))
    other, _ = step(job.training, job.state, job.images, Batch(indices.at[3:].set(20), mask))
    chex.assert_trees_all_equal(one.params, other.params)
    different, _ = step(job.training, job.state, job.images, Batch(indices.at[1].set(20), mask))
    assert not np.array_equal(jax.tree.leaves(one.params)[1], jax.tree.leaves(different.params)[1])


@pytest.mark.parametrize("kept", [5, 4])
def test_a_step_by_parts_is_the_step(kept: int) -> None:
    """Gradients of 3 parts of 2 examples, the last one half or wholly padding: the same parameters and metrics."""
    objective = jv.objectives.IWAE(num_samples=3)
    whole, parts = (make_job(batch_size=6, objective=objective, accumulate=count) for count in (1, 3))
    batch = Batch(jnp.arange(6) + 4, jnp.arange(6) < kept)
    step = jax.jit(train_step)
    expected, expected_metrics = step(whole.training, whole.state, whole.images, batch)
    state, metrics = step(parts.training, parts.state, parts.images, batch)
    assert_trees_close(metrics, expected_metrics, rtol=1e-5)
    assert_trees_close(state.params, expected.params, rtol=1e-5, atol=1e-6)
    assert_trees_close(state.optimizer_state, expected.optimizer_state, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"accumulate": 2}, "Training.accumulate must divide batch_size 5, got 2"),
        ({"accumulate": 0}, "Training.accumulate must be >= 1, got 0"),
        ({"accumulate": 5, "objective": jv.objectives.FreeBits()}, "got FreeBits, which looks at a whole batch"),
    ],
)
def test_parts_that_would_not_be_the_batch_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(jv.UserError, match=message):
        make_job(**fields)


def test_another_number_does_not_recompile_and_another_architecture_does(job: Job) -> None:
    traced = jax.jit(chex.assert_max_traces(train_epoch, n=1))
    state = job.state
    for learning_rate, beta in ((1e-3, 1.0), (3e-4, 4.0), (1e-2, 0.5)):
        training = dataclasses.replace(
            job.training, optimizer=Optimizer(learning_rate=learning_rate), objective=jv.objectives.ELBO(beta=beta)
        )
        state, _ = traced(training, state, job.images)
    wider = dataclasses.replace(job.training.model, encoder=jv.networks.MLP((9,)))
    training = dataclasses.replace(job.training, model=wider)
    with pytest.raises(AssertionError, match="traced"):
        traced(training, create_state(training, jax.random.key(0), None, NUM_TRAIN), job.images)


@pytest.mark.slow
def test_several_models_train_at_once_and_equal_the_same_runs_done_alone(job: Job) -> None:
    """`vmap` over stacked descriptions and states: three β, three learning rates, three seeds."""
    settings = [(0.5, 1e-3, 1), (1.0, 1e-2, 2), (4.0, 3e-3, 3)]
    jobs = [
        make_job(seed, optimizer=Optimizer(learning_rate=rate, ema_decay=0.9), objective=jv.objectives.ELBO(beta=beta))
        for beta, rate, seed in settings
    ]
    trainings, states = jv.stack([j.training for j in jobs]), jv.stack([j.state for j in jobs])

    @jax.jit
    def sweep(trainings: object, states: object) -> tuple:
        states, _ = jax.vmap(train_epoch, (0, 0, None))(trainings, states, job.images)
        return jax.vmap(validate, (0, 0, None))(trainings, states, job.validation)

    swept, scores = sweep(trainings, states)
    alone = jax.jit(
        lambda training, state: validate(training, train_epoch(training, state, job.images)[0], job.validation)
    )
    for index, one in enumerate(jobs):
        state, score = alone(one.training, one.state)
        member = jax.tree.map(lambda leaf: leaf[index], swept.params)  # noqa: B023
        chex.assert_trees_all_close(member, state.params, atol=1e-5)
        np.testing.assert_allclose(scores["elbo"][index], score["elbo"], atol=1e-4)
    assert len(set(np.asarray(scores["elbo"]).tolist())) == 3


def test_training_raises_the_elbo(job: Job) -> None:
    epoch, look = jax.jit(train_epoch), jax.jit(validate)
    _, before = look(job.training, job.state, job.validation)
    state = job.state
    for _ in range(30):
        state, _ = epoch(job.training, state, job.images)
    _, after = look(job.training, state, job.validation)
    assert after["elbo"] > before["elbo"]
    assert int(state.step) == 30 * 5
    assert int(state.epoch) == 30


def test_scores_do_not_depend_on_the_batch_size(job: Job) -> None:
    training, params = job.training, job.state.params
    scores = [
        jax.jit(score_examples, static_argnums=5)(
            training.model, training.objective, params, jax.random.key(8), job.validation, size
        )["elbo"]
        for size in (1, 3, 50)
    ]
    assert scores[0].shape == (NUM_VALIDATION,)
    for other in scores[1:]:
        np.testing.assert_allclose(scores[0], other, rtol=1e-5)


def test_validation_keeps_the_best_and_waits_for_the_warm_up(job: Job) -> None:
    schedule = jv.objectives.Linear(steps=20)
    training = dataclasses.replace(job.training, objective=jv.objectives.ELBO(schedule=schedule))
    look = jax.jit(validate)

    def state_after(step: int, best: float, since: int) -> tuple[float, int, float]:
        state = job.state._replace(
            step=jnp.array(step), best_score=jnp.array(best, jnp.float32), epochs_since_best=jnp.array(since)
        )
        state, scores = look(training, state, job.validation)
        return float(state.best_score), int(state.epochs_since_best), float(scores["elbo"])

    best, since, score = state_after(step=19, best=-np.inf, since=0)
    assert (best, since) == (-np.inf, 0)  # still warming up: taken for the best, but not remembered
    best, since, score = state_after(step=20, best=-np.inf, since=0)
    assert (best, since) == (score, 0)
    assert state_after(step=25, best=score - 1, since=2)[:2] == (score, 0)
    assert state_after(step=3, best=score + 1, since=0)[:2] == (-np.inf, 0)
    assert state_after(step=25, best=score + 1, since=2)[:2] == (pytest.approx(score + 1), 3)


def test_validation_uses_the_average_where_there_is_one() -> None:
    job = make_job(optimizer=Optimizer(learning_rate=0.1, ema_decay=0.999))
    state, _ = jax.jit(train_epoch)(job.training, job.state, job.images)
    look = jax.jit(validate)
    _, averaged = look(job.training, state, job.validation)
    _, current = look(job.training, state._replace(average=state.params), job.validation)
    assert float(averaged["elbo"]) != float(current["elbo"])
    assert state.evaluation_params is state.average


def test_binarisation_is_drawn_anew_each_epoch_and_fixed_by_the_seed(job: Job) -> None:
    """Two epochs from one state are equal; the same epoch from another step number is not.

    The autoencoder has no noise of its own, so that the data's is all there is.
    """
    epoch = jax.jit(train_epoch)
    training = dataclasses.replace(job.training, objective=jv.objectives.Autoencoder())
    one, again = (epoch(training, job.state, job.images)[1]["loss"] for _ in range(2))
    later = epoch(training, job.state._replace(step=jnp.array(7, jnp.int32)), job.images)[1]["loss"]
    assert float(one) == float(again)
    assert float(one) != float(later)


def test_no_transfer_from_the_device_inside_an_epoch(job: Job) -> None:
    epoch = jax.jit(train_epoch)
    training = jax.device_put(job.training)
    epoch(training, job.state, job.images)
    with jax.transfer_guard("disallow"):
        epoch(training, job.state, job.images)


def test_frozen_parts_stay_as_they_are_in_the_average_too() -> None:
    """Weight decay, clipping by the norm of what moves, moments and the moving average: for the decoder alone."""
    optimizer = Optimizer(ema_decay=0.9, weight_decay=0.5, gradient_clip=0.3)
    free = Training(tiny_vae(), Preprocessing(), optimizer, batch_size=7, epochs=3)
    frozen = dataclasses.replace(free, freeze=("encoder", "likelihood"))
    images = binary_batch(batch=21)
    start = jax.jit(create_state, static_argnums=3)(frozen, jax.random.key(0), images, 21)
    state, _ = jax.jit(train_epoch)(frozen, start, images)
    for tree in (state.params, state.average):
        assert tree is not None
        for part in ("encoder", "likelihood"):
            assert_trees_close(tree[part], start.params[part], rtol=0, atol=0)
    moved = jax.tree.map(lambda new, old: np.any(new != old), state.params["decoder"], start.params["decoder"])
    assert all(jax.tree.leaves(moved))
    other, _ = jax.jit(train_epoch)(free, start, images)
    assert np.any(jax.tree.leaves(other.params["encoder"])[0] != jax.tree.leaves(start.params["encoder"])[0])
