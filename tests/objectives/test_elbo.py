"""The ELBO objective: β, schedule and λ enter as its docstring says, and the reported ELBO is the true one."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.objectives import ELBO, Cyclical, Linear, Sigmoid
from jaxvae.objectives.elbo import elbo_terms
from tests.helpers import binary_batch, counting, init, keys, tiny_vae
from tests.sizes import BATCH

MASK = np.ones(BATCH, bool)
STEP = 3


class Terms:
    """The draws of a batch and their terms, from which every loss below is worked out by hand in numpy."""

    def __init__(self) -> None:
        self.vae = tiny_vae()
        self.params = init(self.vae, jax.random.key(0))
        self.xs = binary_batch()

        def terms(key: jax.Array, x: jax.Array) -> tuple[jv.Draw, jax.Array]:
            draw = self.vae.draw(self.params, key, x)
            return draw, self.vae.decode(self.params, draw.latents).mean  # type: ignore[attr-defined]

        self.draw, reconstruction = jax.jit(jax.vmap(terms))(keys(1, BATCH), self.xs)
        draw = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), self.draw)
        self.log_likelihood = draw.log_likelihood
        self.kl = {"closed_form": draw.kl.sum(-1), "sampled": draw.log_posterior - draw.log_prior}
        self.squared_error = ((np.asarray(self.xs, np.float64) - reconstruction) ** 2).sum((1, 2, 3))
        self.compiled, self.traces = counting(
            lambda objective, step: objective.loss(self.vae, self.params, keys(1, BATCH), self.xs, MASK, step)
        )

    def loss(self, objective: ELBO, step: int = STEP) -> tuple[Any, Any]:
        """`(loss, metrics)` of the batch."""
        return self.compiled(objective, jnp.asarray(step))


@pytest.fixture(scope="module")
def terms() -> Terms:
    return Terms()


def test_without_extras_the_loss_is_minus_the_mean_elbo(terms: Terms) -> None:
    loss, metrics = terms.loss(ELBO())
    elbo = jax.jit(jax.vmap(jv.elbo, (None, None, 0, 0)))(terms.vae, terms.params, keys(1, BATCH), terms.xs)
    np.testing.assert_allclose(loss, -np.mean(elbo.value), rtol=1e-6)
    np.testing.assert_allclose(metrics["elbo"], np.mean(elbo.value), rtol=1e-6)
    np.testing.assert_allclose(loss, -np.mean(terms.log_likelihood - terms.kl["closed_form"]), rtol=1e-5)


@pytest.mark.parametrize("kl", ["closed_form", "sampled"])
@pytest.mark.parametrize(
    ("beta", "weight", "schedule", "factor"),
    [
        (4.0, 0.0, {}, 1.0),
        (0.0, 0.0, {}, 1.0),
        (1.0, 0.7, {}, 1.0),
        (2.5, 0.7, {"schedule": Linear(steps=12)}, 3 / 12),
        (2.5, 0.7, {"schedule": Sigmoid(steps=12, sharpness=4.0)}, 1 / (1 + np.exp(4.0 * (1 - 2 * 3 / 12)))),
        (2.5, 0.7, {"schedule": Cyclical(period=2, cycles=5, ramp=0.8)}, 0.5 / 0.8),
    ],
)
def test_beta_schedule_and_lambda_enter_as_stated(
    terms: Terms, kl: Any, beta: float, weight: float, schedule: dict[str, Any], factor: float
) -> None:
    loss, metrics = terms.loss(ELBO(beta=beta, kl=kl, squared_error_weight=weight, **schedule))
    expected = -terms.log_likelihood + beta * factor * terms.kl[kl] + weight * terms.squared_error
    np.testing.assert_allclose(loss, expected.mean(), rtol=1e-5)
    reported = {
        "loss": expected.mean(),
        "weighted_elbo": -expected.mean(),
        "elbo": np.mean(terms.log_likelihood - terms.kl[kl]),  # the true one, whatever β and λ
        "log_likelihood": terms.log_likelihood.mean(),
        "kl": terms.kl[kl].mean(),
        "beta": beta * factor,
    }
    assert metrics.keys() == reported.keys()
    for name, value in reported.items():
        np.testing.assert_allclose(metrics[name], value, rtol=1e-5, atol=1e-6, err_msg=name)


def test_a_sweep_is_vmap_over_stacked_objectives_in_one_trace(terms: Terms) -> None:
    sweep = [ELBO(beta=b, squared_error_weight=w) for b, w in ((0.5, 0), (1, 2), (4, 0.1))]
    before = len(terms.traces)
    alone = [terms.loss(objective)[0] for objective in sweep]
    assert len(terms.traces) <= before + 1
    together, _ = jax.jit(jax.vmap(terms.compiled, (0, None)))(jv.stack(sweep), jnp.asarray(STEP))
    np.testing.assert_allclose(together, alone, rtol=1e-6)
    assert len(set(np.asarray(alone).tolist())) == 3


def test_score_is_the_true_elbo_whatever_the_objective(terms: Terms) -> None:
    objective = ELBO(beta=9.0, squared_error_weight=5.0, schedule=Linear(steps=100), kl="sampled")
    score = jax.jit(jax.vmap(partial(objective.score, terms.vae, terms.params)))(keys(1, BATCH), terms.xs)
    np.testing.assert_allclose(score["elbo"], terms.log_likelihood - terms.kl["closed_form"], rtol=1e-5)
    np.testing.assert_allclose(score["log_likelihood"], terms.log_likelihood, rtol=1e-5)
    np.testing.assert_allclose(score["kl"], terms.kl["closed_form"], rtol=1e-5)


def test_the_best_epoch_goes_by_what_training_raises(terms: Terms) -> None:
    """With the whole of β and λ, once the schedule has come to its end."""
    objective = ELBO(beta=3.0, squared_error_weight=0.5, schedule=Linear(steps=100))
    score = jax.jit(jax.vmap(partial(objective.score, terms.vae, terms.params)))(keys(1, BATCH), terms.xs)
    expected = terms.log_likelihood - 3.0 * terms.kl["closed_form"] - 0.5 * terms.squared_error
    np.testing.assert_allclose(score[objective.monitor], expected, rtol=1e-5)
    assert np.abs(expected - np.asarray(score["elbo"], np.float64)).min() > 0.01


def test_early_stopping_waits_for_the_schedule() -> None:
    assert ELBO().warmup_steps == 0
    assert ELBO(schedule=Linear(steps=12)).warmup_steps == 12
    assert ELBO(schedule=Cyclical(period=6, cycles=3)).warmup_steps == 18


def test_the_kl_of_several_levels_is_summed() -> None:
    """A ladder's draw carries one KL a level."""
    zero = jnp.zeros(())
    draw = jv.Draw((zero, zero), jnp.asarray(-10.0), jnp.asarray(-3.0), jnp.asarray(-1.0), jnp.array([0.5, 0.25, 2.0]))
    assert elbo_terms(draw) == (-12.75, -10.0, 2.75)
    assert elbo_terms(draw, "sampled") == (-12.0, -10.0, 2.0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"beta": -1}, "ELBO.beta must be >= 0, got -1.0"),
        ({"squared_error_weight": -0.5}, "ELBO.squared_error_weight must be >= 0, got -0.5"),
        (
            {"expectation": "enumerate"},
            "ELBO.expectation must be one of sampled, enumerated; got 'enumerate' (did you mean enumerated?)",
        ),
        ({"kl": "sample"}, "ELBO.kl must be one of closed_form, sampled; got 'sample' (did you mean sampled?)"),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(jv.UserError) as error:
        ELBO(**fields)
    assert str(error.value) == message
