"""Every prior of the table: its density sums to one, its sampler draws from that density, in a model."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae import priors
from tests.components import PRIORS, spaces
from tests.helpers import assert_finite, assert_mean, binary_batch, check_in_model, keys, tiny_vae

every_row = pytest.mark.parametrize("build", PRIORS.values(), ids=PRIORS)
NUM_DRAWS = 20_000


def model(build: Callable[[], Any]) -> tuple[jv.VAE, jv.typing.Params]:
    vae = tiny_vae(prior=build())
    return vae, jax.jit(vae.init)(jax.random.key(0), binary_batch(batch=9))


@pytest.mark.fast_rows(2)
@every_row
def test_in_a_model(build: Callable[[], Any]) -> None:
    check_in_model(lambda: tiny_vae(prior=build()))


@pytest.mark.fast_rows(2)
@every_row
def test_the_sampler_draws_from_the_density(build: Callable[[], Any]) -> None:
    """Over the 2-D latent space the density sums to 1, and has the draws' moments and entropy (6 SE, 6 numbers)."""
    vae, params = model(build)
    prior = vae.prior.distribution(vae, params)
    nodes, weights = spaces.nodes(vae.posterior.space, params)
    log_density = np.asarray(jax.jit(jax.vmap(prior.log_prob))(jnp.asarray(nodes, jnp.float32)), np.float64)
    assert log_density.shape == (len(nodes),)
    mass = weights * np.exp(log_density)
    log_normaliser = vae.prior.report(vae, params).get("log_normaliser")  # of a density known up to its estimate
    error = 0.0 if log_normaliser is None else 6 * float(log_normaliser.standard_error)
    np.testing.assert_allclose(mass.sum(), 1.0, atol=1e-4 + error)
    mass /= mass.sum()

    z = jax.jit(jax.vmap(lambda key: vae.sample_prior(params, key)))(keys(1, NUM_DRAWS))
    assert z.shape == (NUM_DRAWS, vae.latent_dim)
    draws = np.asarray(z, np.float64)
    assert_mean(draws, mass @ nodes, standard_errors=6)
    moments = [values[:, [0, 0, 1]] * values[:, [0, 1, 1]] for values in (draws, nodes)]
    varies = np.ptp(moments[0], axis=0) > 0  # two entries of one one-hot vector have product 0
    assert_mean(moments[0][:, varies], (mass @ moments[1])[varies], standard_errors=6)
    np.testing.assert_array_equal((mass @ moments[1])[~varies], moments[0][0, ~varies])
    log_probs = jax.jit(jax.vmap(prior.log_prob))(z)
    if np.ptp(log_density) < 1e-5:
        np.testing.assert_allclose(log_probs, log_density[0], rtol=1e-5)  # a uniform density: no spread
    else:
        assert_mean(log_probs, mass @ log_density, standard_errors=6)


@pytest.mark.fast_rows(2)
@every_row
def test_finite_far_out(build: Callable[[], Any]) -> None:
    vae, params = model(build)
    log_prob = jax.jit(jax.value_and_grad(lambda z, params: vae.prior.distribution(vae, params).log_prob(z), (0, 1)))
    for z in spaces.points(vae.posterior.space, params):
        assert_finite(log_prob(jnp.asarray(z, jnp.float32), params))


def test_a_start_at_codes_reaches_a_mixture_within_another_prior() -> None:
    """Around it, Conditional keeps its network, and WithNoise leaves out the dimensions of noise."""
    inner = priors.NormalMixture(3, start="codes")
    codes = np.random.default_rng(0).normal(size=(60, 3))
    condition = jv.Condition(("real",))
    conditional = tiny_vae(prior=priors.Conditional(inner), latent_dim=3, condition=condition)
    own: Any = conditional.init(jax.random.key(0))["prior"]
    found: Any = conditional.prior.started_at_codes(own, codes)
    expected: Any = inner.started_at_codes({}, codes)
    jax.tree.map(np.testing.assert_array_equal, found["own"], expected)
    assert found["network"] is own["network"]
    noisy: Any = priors.WithNoise(inner, noise_dim=2).started_at_codes({}, codes)
    np.testing.assert_array_equal(noisy["loc"], inner.started_at_codes({}, codes[:, :1])["loc"])
    for prior in (inner, conditional.prior, priors.WithNoise(inner)):
        assert prior.starts_at_codes
    assert not priors.Conditional(priors.NormalMixture()).starts_at_codes
    with pytest.raises(jv.UserError, match=r"Flow\.base must not start at codes"):
        priors.Flow(base=inner)
