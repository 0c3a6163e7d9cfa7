"""The loop over epochs: early stopping, exact resume, non-finite losses."""

import dataclasses
from pathlib import Path

import chex
import jax
import jax.numpy as jnp
import pytest

import jaxvae as jv
from jaxvae.errors import UserError
from jaxvae.training import Epoch, Optimizer, fit, train_epoch
from jaxvae.training.checkpoint import checkpoint_step, restore_checkpoint, save_checkpoint
from tests.training.conftest import Job, make_job


@pytest.fixture(scope="module")
def averaged_job() -> Job:
    """With every part of the state in use."""
    return make_job(
        optimizer=Optimizer(learning_rate=1e-2, ema_decay=0.9, decay="cosine", warmup_steps=3, gradient_clip=5.0)
    )


@pytest.fixture(scope="module")
def epochs(averaged_job: Job) -> list[Epoch]:
    return list(fit(*averaged_job))


def test_runs_all_epochs_and_numbers_them(epochs: list[Epoch]) -> None:
    assert [int(epoch.state.epoch) for epoch in epochs] == [1, 2, 3, 4]
    assert all(epoch.train["loss"] == pytest.approx(-epoch.train["elbo"]) for epoch in epochs)


def test_same_seed_gives_the_same_bits_and_another_seed_does_not(averaged_job: Job, epochs: list[Epoch]) -> None:
    for epoch, again in zip(epochs, fit(*averaged_job), strict=True):
        assert (epoch.train, epoch.validation) == (again.train, again.validation)
    other = next(fit(*make_job(seed=1)))
    assert other.train != epochs[0].train


def test_resume_from_a_checkpoint_is_bit_identical(averaged_job: Job, epochs: list[Epoch], tmp_path: Path) -> None:
    save_checkpoint(tmp_path, "last", epochs[1].state)
    state = restore_checkpoint(tmp_path, "last", averaged_job.state)
    resumed = list(fit(averaged_job.training, state, averaged_job.images, averaged_job.validation))
    assert [(e.train, e.validation, e.improved) for e in resumed] == [
        (e.train, e.validation, e.improved) for e in epochs[2:]
    ]
    chex.assert_trees_all_equal(jax.tree.map(_plain, resumed[-1].state), jax.tree.map(_plain, epochs[-1].state))


def _plain(leaf: jax.Array) -> jax.Array:
    return jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf


def test_a_checkpoint_replaces_the_one_before_it(epochs: list[Epoch], tmp_path: Path) -> None:
    for epoch in (epochs[0], epochs[2], epochs[2]):
        save_checkpoint(tmp_path, "best", epoch.state)
    assert checkpoint_step(tmp_path, "best") == int(epochs[2].state.step)
    assert len([path for path in (tmp_path / "checkpoints" / "best").iterdir() if path.name.isdigit()]) == 1
    assert checkpoint_step(tmp_path, "last") is None


def test_a_checkpoint_of_another_architecture_is_refused(
    averaged_job: Job, epochs: list[Epoch], tmp_path: Path
) -> None:
    save_checkpoint(tmp_path, "best", epochs[0].state)
    wider = jax.tree.map(
        lambda leaf: jnp.zeros((3, *leaf.shape), leaf.dtype), averaged_job.state._replace(key=jnp.zeros(2))
    )
    for like in (wider, averaged_job.state._replace(average=None), make_job(optimizer=Optimizer("sgd")).state):
        with pytest.raises(UserError, match=r"config\.yaml") as caught:
            restore_checkpoint(tmp_path, "best", like)
        assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="found none"):
        restore_checkpoint(tmp_path, "last", averaged_job.state)


def test_early_stopping_counts_epochs_without_improvement(job: Job) -> None:
    """A learning rate of nearly 0 never improves after the first epoch."""
    training = dataclasses.replace(job.training, optimizer=Optimizer(learning_rate=1e-30), patience=3, epochs=50)
    epochs = list(fit(training, job.state, job.images, job.validation))
    assert [epoch.improved for epoch in epochs] == [True, False, False, False]


def test_early_stopping_waits_for_the_warm_up(job: Job) -> None:
    schedule = jv.objectives.Linear(steps=30)  # 6 epochs of 5 steps
    training = dataclasses.replace(
        job.training,
        optimizer=Optimizer(learning_rate=1e-30),
        objective=jv.objectives.ELBO(schedule=schedule),
        patience=2,
        epochs=50,
    )
    epochs = list(fit(training, job.state, job.images, job.validation))
    assert len(epochs) == 6 + 2
    assert epochs[-1].train["beta"] == 1.0
    assert epochs[0].train["beta"] < 0.1


def test_a_loss_that_is_not_finite_ends_the_run_with_the_fix(job: Job) -> None:
    training = dataclasses.replace(job.training, optimizer=Optimizer(learning_rate=1e30))
    with pytest.raises(UserError, match="`learning_rate`"):
        list(fit(training, job.state, job.images, job.validation))


def test_nothing_is_traced_after_the_first_epoch(averaged_job: Job) -> None:
    """Not for another state, nor for the shorter last batch, nor for the first state's weaker types."""
    traced: list[str] = []
    epochs = fit(*averaged_job)
    next(epochs)
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, seconds, **_: traced.append(event) if event.endswith("jaxpr_trace_duration") else None
    )
    try:
        assert len(list(epochs)) == 3
        assert traced == []
        jax.jit(lambda x: x + 1)(1.0)
        assert traced, "the listener hears nothing"
    finally:
        jax.monitoring.clear_event_listeners()


def test_no_epoch_brings_anything_from_the_host(job: Job) -> None:
    epochs = fit(*job)
    next(epochs)  # compiles
    with jax.transfer_guard("disallow"):
        assert int(jax.device_get(next(epochs).state.epoch)) == 2
    bare = jax.jit(train_epoch).lower(*job[:3]).compile()
    with jax.transfer_guard("disallow"), pytest.raises(jax.errors.JaxRuntimeError, match="host-to-device"):
        bare(*job[:3])  # the numbers of the description, as they are
