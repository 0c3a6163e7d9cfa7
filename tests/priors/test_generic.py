"""Every prior of the table: its density sums to one, its sampler draws from that density, in a model."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from tests.components import PRIORS
from tests.helpers import LATENT_DIM, assert_finite, assert_mean, binary_batch, check_in_model, keys, nodes, tiny_vae

every_row = pytest.mark.parametrize("build", PRIORS.values(), ids=PRIORS)
NUM_DRAWS = 20_000


def model(build: Callable[[], Any]) -> tuple[jv.VAE, jv.typing.Params]:
    vae = tiny_vae(prior=build())
    return vae, jax.jit(vae.init)(jax.random.key(0), binary_batch(batch=9))


@every_row
def test_in_a_model(build: Callable[[], Any]) -> None:
    check_in_model(lambda: tiny_vae(prior=build()))


@every_row
def test_the_sampler_draws_from_the_density(build: Callable[[], Any]) -> None:
    """On nodes over the 2-D latent the density sums to 1, and has the draws' moments and entropy (6 SE, 6 numbers)."""
    vae, params = model(build)
    prior = vae.prior.distribution(vae, params)
    grid, weights = nodes(vae.posterior.space)
    log_density = np.asarray(jax.jit(jax.vmap(prior.log_prob))(jnp.asarray(grid, jnp.float32)), np.float64)
    assert log_density.shape == weights.shape
    mass = np.exp(log_density) * weights
    np.testing.assert_allclose(mass.sum(), 1.0, atol=1e-4)

    z = jax.jit(jax.vmap(lambda key: vae.sample_prior(params, key)))(keys(1, NUM_DRAWS))
    assert z.shape == (NUM_DRAWS, LATENT_DIM)
    draws = np.asarray(z, np.float64)
    log_prob = np.asarray(jax.jit(jax.vmap(prior.log_prob))(z), np.float64)
    for of_draws, of_nodes in (
        (draws, grid),
        (draws[:, [0, 0, 1]] * draws[:, [0, 1, 1]], grid[:, [0, 0, 1]] * grid[:, [0, 1, 1]]),
        (log_prob[:, None], log_density[:, None]),
    ):
        expected, constant = mass @ of_nodes, np.ptp(of_draws, axis=0) < 1e-5
        np.testing.assert_allclose(of_draws[0][constant], expected[constant], atol=2e-4)  # a uniform prior's log p
        if not np.all(constant):
            assert_mean(of_draws[:, ~constant], expected[~constant], standard_errors=6)


@every_row
def test_finite_far_out(build: Callable[[], Any]) -> None:
    vae, params = model(build)
    for z in (jnp.zeros(LATENT_DIM), jnp.array([1e4, -1e4])):
        log_prob = jax.jit(
            jax.value_and_grad(lambda z, params: vae.prior.distribution(vae, params).log_prob(z), (0, 1))
        )
        assert_finite(log_prob(z, params))
