"""Annealed importance sampling against a linear-Gaussian model, whose log p(x) is known."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.evaluation import Annealing, annealed_log_marginal, reverse_annealed_log_marginal
from jaxvae.evaluation.annealed import Annealed, hamiltonian_move
from tests.helpers import assert_mean, binary_batch, keys, tiny_vae
from tests.linear_gaussian import LATENT_DIM, LinearGaussian, as_example

NUM_EXAMPLES, NUM_CHAINS, NUM_REPEATS = 5, 7, 200


class Problem:
    """A model with an encoder that is off, and examples of it with their z."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.exact = LinearGaussian.random(rng)
        self.vae, self.params = self.exact.vae(), self.exact.params(0.4, 0.7)
        z = rng.normal(size=(NUM_EXAMPLES, LATENT_DIM))
        noise = self.exact.noise * rng.normal(size=(NUM_EXAMPLES, len(self.exact.bias)))
        flat = z @ self.exact.weights.T + self.exact.bias + noise
        self.x, self.z = jnp.stack([as_example(one) for one in flat]), jnp.asarray(z, jnp.float32)
        self.truth = np.array([self.exact.log_marginal(one) for one in flat])


@pytest.fixture(scope="module")
def problem() -> Problem:
    return Problem()


@pytest.mark.slow
@pytest.mark.parametrize("start", ["prior", "posterior"])
def test_the_weights_are_unbiased_with_few_temperatures(problem: Problem, start: Any) -> None:
    """E[w] = p(x) with 4 temperatures, where log w is far below: within 5 standard errors of 400 keys · 7 chains."""
    annealing = Annealing(4, NUM_CHAINS, 3, start)
    walk = jax.jit(
        jax.vmap(lambda key: annealed_log_marginal(problem.vae, problem.params, key, problem.x[0], annealing))
    )
    ratios = np.exp(np.asarray(walk(keys(1, 400)).log_weights, np.float64) - problem.truth[0])
    assert ratios.shape == (400, NUM_CHAINS)
    assert_mean(ratios.mean(axis=1), 1.0)
    assert np.mean(np.log(ratios)) < -0.05


def test_the_inverse_weights_are_unbiased_backwards(problem: Problem) -> None:
    """E[1 / w] = 1 / p(x) over exact draws of the posterior: within 5 standard errors of 400 draws."""
    annealing = Annealing(6, NUM_CHAINS, 3)
    matrix, scale = problem.exact.posterior_matrix()
    mean = matrix @ (np.asarray(problem.x[0], np.float64).ravel() - problem.exact.bias)
    z = jnp.asarray(mean + scale * np.random.default_rng(2).normal(size=(400, LATENT_DIM)), jnp.float32)
    walk = jax.jit(
        jax.vmap(
            lambda key, z: reverse_annealed_log_marginal(problem.vae, problem.params, key, problem.x[0], z, annealing)
        )
    )
    ratios = np.exp(problem.truth[0] - np.asarray(walk(keys(3, 400), z).log_weights, np.float64))
    assert_mean(ratios.mean(axis=1), 1.0)


@pytest.mark.slow
def test_the_bracket_closes_on_log_p_and_its_error_bars_hold(problem: Problem) -> None:
    """100 temperatures: log p(x) within 5 errors both ways, and bars of 1.96 errors hold in 90 to 99 % of repeats."""
    annealing = Annealing(100, 4 * NUM_CHAINS, 4)  # from the prior: from a narrow q the weights have heavy tails
    repeats = keys(4, NUM_REPEATS * NUM_EXAMPLES).reshape(NUM_REPEATS, NUM_EXAMPLES)

    def forwards(key: jax.Array, x: jax.Array) -> Annealed:
        return annealed_log_marginal(problem.vae, problem.params, key, x, annealing)

    found = jax.jit(jax.vmap(jax.vmap(forwards), (0, None)))(repeats, problem.x)  # [repeats, examples]
    means = np.mean(np.asarray(found.log_marginal, np.float64) - problem.truth, axis=-1)
    assert abs(np.mean(means)) < 5 * np.std(means) / np.sqrt(NUM_REPEATS) + 2e-3
    errors = np.sqrt(np.sum(np.asarray(found.chain_error, np.float64) ** 2, axis=-1)) / NUM_EXAMPLES
    assert 0.90 <= np.mean(np.abs(means) < 1.96 * errors) <= 0.99

    def backwards(key: jax.Array, x: jax.Array, z: jax.Array) -> jax.Array:
        return reverse_annealed_log_marginal(problem.vae, problem.params, key, x, z, annealing).log_marginal

    upper = np.asarray(jax.jit(jax.vmap(backwards))(keys(5, NUM_EXAMPLES), problem.x, problem.z)) - problem.truth
    assert np.all(np.abs(upper) < 0.3)


def test_a_hamiltonian_move_keeps_the_density(problem: Problem) -> None:
    """Moments 1 to 4 of 20,000 draws of N(1, 0.5²) after a move with a coarse step, within 5 standard errors."""
    del problem
    start = 1.0 + 0.5 * jax.random.normal(jax.random.key(6), (20_000, 1))

    def move(key: jax.Array, z: jax.Array) -> tuple[jax.Array, jax.Array]:
        return hamiltonian_move(key, z, lambda z: -0.5 * jnp.sum(((z - 1.0) / 0.5) ** 2), jnp.asarray(0.8), 2)

    moved, acceptance = jax.jit(jax.vmap(move))(keys(7, 20_000), start)
    assert 0.2 < float(jnp.mean(acceptance)) < 0.95
    standard = (np.asarray(moved, np.float64).ravel() - 1.0) / 0.5
    for power, moment in ((1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0)):
        assert_mean(standard**power, moment)
    assert np.mean(np.asarray(moved != start)) > 0.2


def test_other_latents_are_refused() -> None:
    model = tiny_vae(posterior=jv.posteriors.Bernoulli())
    with pytest.raises(jv.UserError, match="expected real vectors, got binary vectors; take `posterior=Diag"):
        annealed_log_marginal(model, {}, jax.random.key(0), binary_batch()[0], Annealing(2, 3, 4))


@pytest.mark.parametrize("bad", [{"num_temperatures": 0}, {"num_chains": -1}, {"start": "encoder"}])
def test_bad_settings(bad: dict[str, Any]) -> None:
    with pytest.raises(jv.UserError, match=f"^Annealing.{next(iter(bad))} must"):
        Annealing(**bad)
