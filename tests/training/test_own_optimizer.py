"""A transformation of Optax in place of the library's chain: alone, averaged, in a sweep, frozen, and resumed."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxvae as jv
from jaxvae.errors import UserError
from jaxvae.training import Optimizer, fit, fit_members
from jaxvae.training.checkpoint import restore_checkpoint, save_checkpoint
from tests.helpers import assert_trees_close, index
from tests.training.conftest import make_job
from tests.training.test_sweep import plain

ADAM = optax.adam(1e-2)


@pytest.mark.slow
def test_it_trains_as_the_chain_of_the_library_that_has_its_formula() -> None:
    """Adam of Optax and ours take the same steps; an object, a word and an average do not change them."""
    expected = [epoch.train["loss"] for epoch in fit(*make_job())]
    for own in (ADAM, Optimizer(ADAM, ema_decay=0.9), Optimizer("optax.adam(learning_rate=0.01)")):
        found = [epoch.train["loss"] for epoch in fit(*make_job(optimizer=own))]
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_what_is_fixed_stays_and_has_no_gradient() -> None:
    params = {"w": jnp.asarray(1.0), "prior": {"fixed": jnp.asarray(2.0)}}
    chain = Optimizer(optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(1.0))).transformation(1)
    gradients = {"w": jnp.asarray(3.0), "prior": {"fixed": jnp.asarray(1e6)}}
    updates, _ = chain.update(gradients, chain.init(params), params)
    np.testing.assert_allclose(updates["w"], -1.0, rtol=1e-6)  # type: ignore[index]
    assert updates["prior"]["fixed"] == 0.0  # type: ignore[index]


@pytest.mark.slow
def test_members_of_a_sweep_are_what_they_are_alone() -> None:
    own = optax.inject_hyperparams(optax.adamw)(learning_rate=optax.linear_schedule(1e-2, 0.0, 20))
    jobs = [
        make_job(seed, optimizer=own, objective=jv.objectives.ELBO(beta=beta)) for seed, beta in ((0, 1.0), (1, 4.0))
    ]
    trainings, states = [job.training for job in jobs], [job.state for job in jobs]
    together = list(fit_members(trainings, states, jobs[0].images, jobs[0].validation))
    for i, job in enumerate(jobs):
        last = list(fit(*job))[-1].state
        found = index(plain(together[-1].members.last), i)
        assert_trees_close(found.params, last.params, rtol=1e-4, atol=1e-5)
        assert_trees_close(found.optimizer_state, last.optimizer_state, rtol=1e-4, atol=1e-5)


def test_frozen_parts_stay_though_the_chain_decays_weights() -> None:
    job = make_job(optimizer=optax.adamw(1e-2, weight_decay=0.5), freeze=("decoder",))
    last = list(fit(*job))[-1].state
    for name, moves in {"encoder": True, "decoder": False}.items():
        pairs = zip(jax.tree.leaves(last.params[name]), jax.tree.leaves(job.state.params[name]), strict=True)
        assert any(bool(jnp.any(after != before)) for after, before in pairs) == moves


def test_a_resumed_run_is_bit_identical(tmp_path: Path) -> None:
    job = make_job(optimizer=optax.chain(optax.trace(0.9), optax.scale_by_adam(), optax.scale(-1e-2)))
    epochs = list(fit(*job))
    save_checkpoint(tmp_path, "last", epochs[1].state)
    state = restore_checkpoint(tmp_path, "last", job.state)
    resumed = list(fit(job.training, state, job.images, job.validation))
    assert [epoch.train for epoch in resumed] == [epoch.train for epoch in epochs[2:]]


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Optimizer(optax.sgd), "must be an optax.GradientTransformation"),  # type: ignore[arg-type]
        (lambda: Optimizer(optax.MultiSteps(optax.sgd(0.1), 2)), "got an object of MultiSteps"),  # type: ignore[arg-type]
        (lambda: make_job(optimizer=3), "Training.optimizer must be a .*Optimizer, got int"),
        (lambda: Optimizer(ADAM, learning_rate=0.3), "Optimizer.learning_rate must be left out .* got 0.3"),
        (lambda: Optimizer(ADAM, warmup_steps=3), "Optimizer.warmup_steps must be left out"),
        (lambda: Optimizer("optax.adam(1e-3)"), r"takes options as optax.adam\(name=value"),
        (lambda: Optimizer("optax.adma(learning_rate=1e-3)"), "has no 'adma' .did you mean adam"),
    ],
)  # fmt: skip
def test_what_is_no_chain_is_refused_in_one_line(build: object, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        build()  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def test_a_loss_that_is_not_finite_is_mended_in_the_chain_itself() -> None:
    """The options of the library's chain are refused beside one of the user's, so they are no fix."""
    with pytest.raises(UserError, match=r"must stay finite.*: lower the learning rate in your optimizer") as caught:
        list(fit(*make_job(optimizer=optax.scale(jnp.nan))))
    assert "`" not in str(caught.value)
