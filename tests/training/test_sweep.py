"""Members of a sweep: each trains as it does alone, next to any others."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.training import Epoch, Optimizer, SweepEpoch, TrainState, fit, fit_members, members_at_once
from tests.helpers import assert_trees_close, index
from tests.training.conftest import Job, make_job

SETTINGS = ((1e-2, 1.0, 0), (3e-3, 4.0, 1), (1e-2, 0.5, 0))  # learning rate, β and seed of each member


def jobs(**changes: Any) -> list[Job]:
    return [
        make_job(
            seed=seed,
            optimizer=Optimizer(learning_rate=rate, ema_decay=0.9, decay="cosine"),
            objective=jv.objectives.ELBO(beta=beta),
            **changes,
        )
        for rate, beta, seed in SETTINGS
    ]


def swept(members: list[Job]) -> list[SweepEpoch]:
    trainings, states = [job.training for job in members], [job.state for job in members]
    return list(fit_members(trainings, states, members[0].images, members[0].validation))


def best_of(epochs: list[Epoch]) -> TrainState:
    return next(epoch.state for epoch in reversed(epochs) if epoch.improved)


def plain(state: TrainState) -> TrainState:
    return state._replace(key=jax.random.key_data(state.key))


@pytest.mark.slow
def test_each_member_is_what_it_is_alone() -> None:
    """Metrics, last and best states to 1e-5: a batch of matrix products need not round as one does."""
    members = jobs()
    together = swept(members)
    assert [epoch.is_training.tolist() for epoch in together] == [[True] * 3] * 3 + [[False] * 3]
    for i, job in enumerate(members):
        alone = list(fit(*job))
        for one, many in zip(alone, together, strict=True):
            assert_trees_close({k: v[i] for k, v in many.train.items()}, one.train, rtol=1e-5, atol=1e-5)
            assert_trees_close({k: v[i] for k, v in many.validation.items()}, one.validation, rtol=1e-5, atol=1e-5)
        last, best = index(plain(together[-1].members.last), i), index(plain(together[-1].members.best), i)
        assert_trees_close(last, plain(alone[-1].state), rtol=1e-4, atol=1e-5)
        assert_trees_close(best, plain(best_of(alone)), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_member_that_stops_early_stands_still() -> None:
    """The second does not improve after its first epoch: its steps are nearly 0, but the moments of gradients move."""
    members = jobs(epochs=6, patience=2)
    standing = dataclasses.replace(members[1].training.optimizer, learning_rate=1e-30)
    members[1] = members[1]._replace(training=dataclasses.replace(members[1].training, optimizer=standing))
    together = swept(members)
    alone = list(fit(*members[1]))
    assert len(alone) == 3
    assert [bool(epoch.is_training[1]) for epoch in together] == [True] * (len(alone) - 1) + [False] * (
        len(together) - len(alone) + 1
    )
    last = together[-1].members.last
    assert int(last.epoch[1]) == len(alone)
    assert int(last.epoch[0]) == len(together)
    assert_trees_close(index(plain(last), 1), plain(alone[-1].state), rtol=1e-3, atol=1e-3)


def test_a_member_that_diverges_leaves_the_others_alone() -> None:
    members = jobs()
    broken = jax.tree.map(lambda leaf: jnp.full_like(leaf, jnp.nan), members[2].state.params)
    members[2] = members[2]._replace(state=members[2].state._replace(params=broken))
    together = swept(members)
    assert together[-1].members.is_finite.tolist() == [True, True, False]
    assert [bool(epoch.is_training[2]) for epoch in together] == [False] * 4
    assert int(together[-1].members.last.epoch[2]) == 0
    assert np.isfinite(together[-1].train["loss"][:2]).all()


def test_members_of_two_structures_are_refused() -> None:
    wider = make_job(batch_size=7)
    with pytest.raises(ValueError, match="got 2 structures of 2 objects"):
        next(fit_members([make_job().training, wider.training], [wider.state] * 2, wider.images, wider.validation))


def test_the_estimate_of_memory_covers_the_states(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jaxvae.training.sweep.available_memory", lambda: 2**30)
    state_bytes = sum(leaf.nbytes for leaf in jax.tree.leaves(plain(job.state)))
    count = members_at_once(job.training, job.state, job.images)
    assert 1 < count < 2**30 / (3 * state_bytes)
    monkeypatch.setattr("jaxvae.training.sweep.available_memory", lambda: 2**10)
    assert members_at_once(job.training, job.state, job.images) == 0
