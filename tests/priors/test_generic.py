"""Every prior of the table: its density sums to one, its sampler draws from that density, in a model."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from tests.components import PRIORS
from tests.helpers import LATENT_DIM, assert_finite, assert_mean, binary_batch, check_in_model, keys, tiny_vae

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
    """On a grid over the 2-D latent the density sums to 1, and has the draws' moments and entropy (6 SE, 6 numbers)."""
    vae, params = model(build)
    prior = vae.prior.distribution(vae, params)
    points = np.linspace(-10, 10, 201)
    grid = np.stack(np.meshgrid(points, points, indexing="ij"), axis=-1).reshape(-1, LATENT_DIM)
    log_density = np.asarray(jax.jit(jax.vmap(prior.log_prob))(jnp.asarray(grid, jnp.float32)), np.float64)
    assert log_density.shape == (201**2,)
    mass = np.exp(log_density) * (points[1] - points[0]) ** 2
    np.testing.assert_allclose(mass.sum(), 1.0, atol=1e-4)

    z = jax.jit(jax.vmap(lambda key: vae.sample_prior(params, key)))(keys(1, NUM_DRAWS))
    assert z.shape == (NUM_DRAWS, LATENT_DIM)
    draws = np.asarray(z, np.float64)
    assert_mean(draws, mass @ grid, standard_errors=6)
    moments = [values[:, [0, 0, 1]] * values[:, [0, 1, 1]] for values in (draws, grid)]
    assert_mean(moments[0], mass @ moments[1], standard_errors=6)
    assert_mean(jax.jit(jax.vmap(prior.log_prob))(z), mass @ log_density, standard_errors=6)


@every_row
def test_finite_far_out(build: Callable[[], Any]) -> None:
    vae, params = model(build)
    for z in (jnp.zeros(LATENT_DIM), jnp.array([1e4, -1e4])):
        log_prob = jax.jit(
            jax.value_and_grad(lambda z, params: vae.prior.distribution(vae, params).log_prob(z), (0, 1))
        )
        assert_finite(log_prob(z, params))
