"""Lagging inference: what moves in which step, when it ends, and the information that decides it."""

import dataclasses
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

import jaxvae as jv
from jaxvae.data import Preprocessing
from jaxvae.objectives import ELBO, FactorVAE, Lagging
from jaxvae.objectives.lagging import batch_information
from jaxvae.training import Optimizer, Training, TrainState, create_state
from jaxvae.training.epoch import Batch, train_step
from tests.helpers import assert_trees_close, binary_batch, init, keys, tiny_vae
from tests.sizes import BATCH

ENCODER_STEPS, WINDOW = 2, 4


def training(objective: Any) -> Training:
    return Training(tiny_vae(), Preprocessing(), Optimizer(learning_rate=0.1), objective, BATCH)


def states(training: Training, count: int) -> list[TrainState]:
    """Before each of the first `count` steps, and after the last one."""
    x, batch = binary_batch(), Batch(jnp.arange(BATCH), jnp.ones(BATCH, bool))
    step = jax.jit(lambda state: train_step(training, state, x, batch)[0])
    all_states = [create_state(training, jax.random.key(0), x, BATCH)]
    for _ in range(count):
        all_states.append(step(all_states[-1]))
    return all_states


def moved(before: TrainState, after: TrainState) -> set[str]:
    """Names of the components that differ."""

    def differs(name: str) -> bool:
        leaves = zip(*(jax.tree.leaves(state.params[name]) for state in (before, after)), strict=True)
        return any(np.any(one != other) for one, other in leaves)

    return set(filter(differs, ("encoder", "decoder", "likelihood")))


def test_the_encoder_moves_in_every_step_and_the_rest_in_every_third() -> None:
    all_states = states(training(Lagging(num_encoder_steps=ENCODER_STEPS, window=100)), 7)
    changes = [moved(*pair) for pair in itertools.pairwise(all_states)]
    everything = {"encoder", "decoder", "likelihood"}
    assert changes == [{"encoder"}, {"encoder"}, everything, {"encoder"}, {"encoder"}, everything, {"encoder"}]


def test_a_discriminator_keeps_pace_with_the_encoder() -> None:
    objective = Lagging(FactorVAE(discriminator=jv.networks.MLP((3,))), num_encoder_steps=ENCODER_STEPS, window=100)
    before, after = states(training(objective), 1)
    assert moved(before, after) == {"encoder"}
    players = (state.params["objective"]["objective"] for state in (before, after))
    assert all(np.any(one != other) for one, other in zip(*map(jax.tree.leaves, players), strict=True))


def test_once_nothing_lags_training_is_plain() -> None:
    lagging, plain = training(Lagging(window=100)), training(ELBO())
    state, expected = states(lagging, 0)[0], states(plain, 3)
    objective = state.params["objective"]
    state = state._replace(
        params={**state.params, "objective": {**objective, "fixed": {**objective["fixed"], "lags": jnp.asarray(0.0)}}}
    )
    x, batch = binary_batch(), Batch(jnp.arange(BATCH), jnp.ones(BATCH, bool))
    for after in expected[1:]:
        state, metrics = jax.jit(train_step)(lagging, state, x, batch)
        assert metrics["lags"] == 0.0
        for name in ("encoder", "decoder", "likelihood"):
            assert_trees_close(state.params[name], after.params[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("last", "lags"), [(-np.inf, 1.0), (-1.0, 1.0), (1000.0, 0.0)])
def test_the_phase_ends_with_the_first_window_that_gains_nothing(last: float, lags: float) -> None:
    """The information of a window is a mean over its examples: one of its batches is short."""
    objective = Lagging(num_encoder_steps=ENCODER_STEPS, window=WINDOW)
    model = tiny_vae()
    params = {**init(model, jax.random.key(0)), "objective": objective.init(jax.random.key(1), model, None)}
    params["objective"]["fixed"]["last"] = jnp.asarray(last, jnp.float32)
    update = jax.jit(objective.update)
    information, counts = [], []
    for step in range(WINDOW):
        mask = np.arange(BATCH) < (2 if step == 1 else BATCH)
        assert params["objective"]["fixed"]["lags"] == 1.0  # not before the end of the window
        information.append(float(batch_information(model, params, keys(step, BATCH), binary_batch(), mask)))
        counts.append(mask.sum())
        params = update(model, params, keys(step, BATCH), binary_batch(), mask, jnp.asarray(step))
    fixed = params["objective"]["fixed"]
    assert fixed["lags"] == lags
    np.testing.assert_allclose(fixed["last"], np.average(information, weights=counts), rtol=1e-4)
    assert fixed["sum"] == fixed["count"] == 0.0


@pytest.mark.parametrize("num_steps", [1, 2, 3, 39, 40, 900])
def test_no_run_is_too_short_for_the_default_window(num_steps: int) -> None:
    """A twentieth of the run, so that two windows fit; one of one's own that does not is refused."""
    objective = Lagging().for_run(1437, num_steps)
    objective.check_run(num_steps, 1.0)
    assert objective.window == max(1, round(num_steps / 20))
    with pytest.raises(jv.UserError, match=r"window must be at most half the run's .* lower `objective.window`"):
        Lagging(window=num_steps + 1).for_run(1437, num_steps).check_run(num_steps, 1.0)


def test_a_small_set_is_trained_with_the_default_window() -> None:
    job = dataclasses.replace(training(Lagging()), epochs=3).for_examples(BATCH)
    assert states(job, 1)[-1].params["objective"]["fixed"]["last"] > -np.inf  # its first window has ended


MASK = np.ones(BATCH, bool)


def test_information_in_numpy_padding_left_out() -> None:
    model, xs = tiny_vae(), binary_batch()
    params = init(model, jax.random.key(0))
    params["encoder"] = jax.tree.map(lambda leaf: 5.0 * leaf, params["encoder"])
    mask = np.arange(BATCH) < BATCH - 2
    draws = jax.vmap(lambda key, x: model.draw(params, key, x))(keys(1, BATCH), xs)
    q = jax.vmap(lambda x: model.encode(params, x))(xs)
    z, loc, scale = (np.asarray(value, np.float64)[mask] for value in (draws.latents, q.loc, q.scale))  # type: ignore[attr-defined]
    each = norm.logpdf(z[:, None], loc[None], scale[None]).sum(-1)  # [i, j]
    expected = np.mean(np.diag(each) - logsumexp(each, axis=1) + np.log(len(z)))
    assert 0.1 < expected < np.log(len(z))
    padded = jnp.where(mask[:, None, None, None], xs, jnp.nan)
    np.testing.assert_allclose(batch_information(model, params, keys(1, BATCH), padded, mask), expected, rtol=1e-4)


def test_no_information_in_a_posterior_that_ignores_x() -> None:
    model = tiny_vae()
    params = init(model, jax.random.key(0))
    params["encoder"] = jax.tree.map(jnp.zeros_like, params["encoder"])
    np.testing.assert_allclose(batch_information(model, params, keys(1, BATCH), binary_batch(), MASK), 0.0, atol=1e-5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_encoder_steps": 0}, "Lagging.num_encoder_steps must be >= 1, got 0"),
        ({"window": 0}, "Lagging.window must be >= 1, got 0"),
        ({"objective": 3}, "Lagging.objective"),
    ],
)
def test_bad_input(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(jv.UserError, match=message):
        Lagging(**fields)
