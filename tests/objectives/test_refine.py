"""Refinement against a linear-Gaussian model, whose exact posterior lies in the family."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.evaluation import evaluate
from jaxvae.keys import Purpose, key_for
from jaxvae.objectives import Lagging, SemiAmortized
from jaxvae.objectives.elbo import elbo_terms
from jaxvae.objectives.refine import refine
from tests.linear_gaussian import LinearGaussian, as_example


class Problem:
    """A model with a posterior that is off, and x."""

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self.exact = LinearGaussian.random(rng)
        self.flat = self.exact.sample(rng)
        self.x, self.vae = as_example(self.flat), self.exact.vae()
        self.params = self.exact.params(shift=np.array([0.8, -0.5]), stretch=np.array([0.6, 1.8]))

    def elbo(self, q: Any) -> float:
        """The ELBO of a posterior in closed form."""
        return self.exact.elbo(self.flat, np.asarray(q.loc, np.float64), np.asarray(q.scale, np.float64))


@pytest.fixture(scope="module")
def problem() -> Problem:
    return Problem()


def test_refinement_closes_the_amortisation_gap(problem: Problem) -> None:
    log_px = problem.exact.log_marginal(problem.flat)
    before = problem.elbo(problem.vae.encode(problem.params, problem.x))
    assert log_px - before > 0.5
    compiled = jax.jit(partial(refine, steps=300, learning_rate=0.1, num_samples=16))
    after = problem.elbo(compiled(problem.vae, problem.params, jax.random.key(0), problem.x))
    assert log_px - 0.02 < after <= log_px + 1e-6


def test_one_step_is_adams(problem: Problem) -> None:
    """The first step of Adam moves every number by the learning rate, uphill."""
    features = problem.vae.posterior_features(problem.params, problem.x)
    q = refine(problem.vae, problem.params, jax.random.key(0), problem.x, steps=1, learning_rate=0.01, num_samples=64)
    start = problem.vae.posterior_from(problem.params, features)
    np.testing.assert_allclose(np.abs(q.mean - start.mean), [0.01, 0.01], rtol=1e-3)  # type: ignore[attr-defined]
    assert problem.elbo(q) > problem.elbo(start)


def test_gradients_of_the_semi_amortised_objective(problem: Problem) -> None:
    """The decoder learns from the refined posterior, the encoder from its own ELBO: no gradient crosses over."""
    objective, key = SemiAmortized(steps=3), jax.random.key(1)

    def gradient(function: Any) -> Any:
        return jax.jit(jax.grad(function))(problem.params)

    both = gradient(lambda p: objective.bound(problem.vae, p, key, problem.x, jnp.asarray(0))[0])
    own = gradient(lambda p: jv.elbo(problem.vae, p, jax.random.clone(key), problem.x).value)
    for one, other in zip(jax.tree.leaves(both["encoder"]), jax.tree.leaves(own["encoder"]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)

    refine_key, draw_key = jax.random.split(key_for(key, Purpose.REFINEMENT))
    refined = objective.infer(problem.vae, problem.params, refine_key, problem.x)
    of_refined = gradient(
        lambda p: elbo_terms(problem.vae.draw(p, jax.random.clone(draw_key), problem.x, posterior=refined)).value
    )
    for one, other in zip(jax.tree.leaves(both["decoder"]), jax.tree.leaves(of_refined["decoder"]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
    assert not np.allclose(jax.tree.leaves(both["decoder"])[0], jax.tree.leaves(own["decoder"])[0], rtol=1e-2)


def test_the_weight_of_the_kl_is_that_of_the_refinement(problem: Problem) -> None:
    """Without a KL the best q is a point at the z of the largest likelihood; with a large one it is the prior."""
    run = jax.jit(partial(refine, steps=400, learning_rate=0.1, num_samples=8))
    free = run(problem.vae, problem.params, jax.random.key(0), problem.x, kl_weight=0.0)
    weights = problem.exact.weights
    best = np.linalg.lstsq(weights, problem.flat - problem.exact.bias, rcond=None)[0]
    np.testing.assert_allclose(free.mean, best, atol=0.1)
    assert np.all(np.asarray(free.scale) < 0.1)
    held = run(problem.vae, problem.params, jax.random.key(0), problem.x, kl_weight=1000.0)
    np.testing.assert_allclose(held.mean, [0.0, 0.0], atol=0.05)
    np.testing.assert_allclose(held.scale, [1.0, 1.0], atol=0.05)


@pytest.mark.slow
def test_evaluation_draws_from_the_refined_posterior(problem: Problem) -> None:
    """Also within Lagging: log p(x) by one draw is near the truth; the encoder's ELBO is 4.6 nats below it.

    An ELBO by one draw varies by 1.03 nats, the mean of 20 by 0.23.
    """
    x, log_px = jnp.repeat(problem.x[None], 20, axis=0), problem.exact.log_marginal(problem.flat)
    for objective in (SemiAmortized(steps=300, num_samples=8), Lagging(SemiAmortized(steps=300, num_samples=8))):
        own = objective.init(jax.random.key(0), problem.vae, None)
        params = {**problem.params, "objective": own}
        figures = evaluate(problem.vae, objective, params, jax.random.key(1), x, num_samples=1).figures
        assert abs(figures["log_marginal"].value - log_px) < 0.15
        assert abs(figures["elbo"].value - log_px) < 6 * 0.23


def test_bad_input(problem: Problem) -> None:
    with pytest.raises(jv.UserError, match=r"refine.steps must be >= 1, got 0"):
        refine(problem.vae, problem.params, jax.random.key(0), problem.x, steps=0)
