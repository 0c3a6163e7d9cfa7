"""Priors over codes against enumeration: probabilities sum to 1, bits are −log2 p, an ELBO is below the exact log p."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp

import jaxvae as jv
from jaxvae.distributions import AutoregressiveCategorical
from jaxvae.networks import MADE
from jaxvae.posteriors import VectorQuantized
from jaxvae.priors import AutoregressiveCodes, UniformCodes
from tests.helpers import assert_mean, binary_batch, init, keys
from tests.sizes import DATA_SHAPE

CODES, LENGTH = 3, 4  # 3^4 = 81 vectors: 2 groups of 2 levels


def model(prior: Any) -> tuple[jv.VAE, Any]:
    """Of 2 groups, 2 levels and codes of dimension 1, a prior far from where it starts."""
    posterior = VectorQuantized(num_codes=CODES, code_dim=1, depth=2)
    vae = jv.VAE(DATA_SHAPE, LENGTH, jv.networks.MLP((6,)), jv.networks.MLP((5,), "tanh"), posterior, prior)
    params = dict(init(vae, jax.random.key(0)))
    leaves, structure = jax.tree.flatten(params["prior"])
    noisy = [leaf + jax.random.normal(key, leaf.shape) for leaf, key in zip(leaves, keys(1, len(leaves)), strict=True)]
    return vae, {**params, "prior": jax.tree.unflatten(structure, noisy)}


def every_z(params: Any) -> np.ndarray:
    first, second = np.asarray(params["posterior"]["fixed"]["codebook"])[..., 0]
    return np.array(list(itertools.product(first, first, second, second)))


PRIORS = {"UniformCodes": UniformCodes(), "AutoregressiveCodes": AutoregressiveCodes((7,), "tanh")}
every_prior = pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)


@every_prior
def test_probabilities_of_all_codes_sum_to_1(prior: Any) -> None:
    vae, params = model(prior)
    log_p = np.asarray(jax.jit(jax.vmap(vae.prior.distribution(vae, params).log_prob))(every_z(params)), np.float64)
    assert log_p.shape == (CODES**LENGTH,)
    np.testing.assert_allclose(np.exp(log_p).sum(), 1.0, atol=1e-5)
    if isinstance(prior, UniformCodes):
        np.testing.assert_allclose(log_p, -LENGTH * np.log(CODES), rtol=1e-6)
    else:
        assert np.ptp(log_p) > 1


def test_conditionals_are_those_of_a_loop_over_earlier_codes() -> None:
    """Changing a code changes no probability of an earlier one: p(c) is a chain of sums over the later ones."""
    made = MADE(LENGTH, CODES, 0, (9,), "tanh", num_inputs=CODES)
    weights = jax.tree.map(lambda leaf: leaf + 0.7, made.init(jax.random.key(2)))
    p = AutoregressiveCategorical(made, weights)
    codes = np.array(list(itertools.product(range(CODES), repeat=LENGTH)))
    joint = np.exp(np.asarray(jax.vmap(p.log_prob)(jnp.asarray(codes)), np.float64)).reshape((CODES,) * LENGTH)
    one_hot = np.eye(CODES, dtype=np.float32)[codes].reshape(len(codes), -1)
    logits = np.asarray(jax.vmap(lambda z: made.apply(weights, z))(one_hot), np.float64)  # [81, classes, position]
    conditional = np.exp(logits - logsumexp(logits, axis=1, keepdims=True)).reshape(*joint.shape, CODES, LENGTH)
    for s in range(LENGTH):
        later = tuple(range(s + 1, LENGTH))
        up_to = joint.sum(axis=later) if later else joint
        np.testing.assert_allclose(
            up_to / up_to.sum(axis=-1, keepdims=True),
            conditional[(..., *[0] * (LENGTH - s), slice(None), s)],
            rtol=1e-4,
        )


@every_prior
def test_draws_have_the_probabilities_of_the_enumeration(prior: Any) -> None:
    vae, params = model(prior)
    z = every_z(params)
    p = np.exp(np.asarray(jax.jit(jax.vmap(vae.prior.distribution(vae, params).log_prob))(z), np.float64))
    draws = jax.jit(jax.vmap(lambda key: vae.sample_prior(params, key)))(keys(3, 20_000))
    hits = (np.asarray(draws)[:, None] == z[None]).all(-1)
    np.testing.assert_array_equal(hits.sum(1), np.ones(20_000))
    likely = p > 0.01
    assert_mean(hits[:, likely], p[likely], standard_errors=6)


@pytest.mark.slow
@every_prior
def test_the_elbo_is_exact_bits_and_below_log_p(prior: Any) -> None:
    """log p(x) by the sum over all 81 codes; the rate is −log2 p of the codes of x, in bits."""
    vae, params = model(prior)
    z = every_z(params)
    p = vae.prior.distribution(vae, params)
    log_p = np.asarray(jax.vmap(p.log_prob)(z), np.float64)
    for x in binary_batch():
        elbo, marginal = (
            jv.elbo(vae, params, jax.random.key(4), x),
            jv.log_marginal(vae, params, jax.random.key(5), x, 3),
        )
        joint = log_p + np.asarray(jax.vmap(lambda z, x=x: vae.decode(params, z).log_prob(x))(z), np.float64)
        row = np.flatnonzero((z == np.asarray(jv.encode(vae, params, x).sample(jax.random.key(6)))).all(1))
        assert len(row) == 1
        np.testing.assert_allclose(elbo.kl / np.log(2), -np.log2(np.exp(log_p[row[0]])), rtol=1e-4)
        np.testing.assert_allclose(elbo.value, joint[row[0]], rtol=1e-5)
        np.testing.assert_allclose(marginal, elbo.value, rtol=1e-5)  # every draw is the same
        assert float(elbo.value) < logsumexp(joint)


def test_a_vector_that_is_no_code_counts_as_the_nearest() -> None:
    vae, params = model(PRIORS["AutoregressiveCodes"])
    p = vae.prior.distribution(vae, params)
    z = jnp.asarray(every_z(params)[17], jnp.float32)
    np.testing.assert_array_equal(p.log_prob(z + 1e-4), p.log_prob(z))


def test_no_gradient_passes_from_the_prior_to_z() -> None:
    vae, params = model(PRIORS["AutoregressiveCodes"])
    z = jnp.asarray(every_z(params)[17], jnp.float32)
    np.testing.assert_array_equal(
        jax.grad(lambda z: vae.prior.distribution(vae, params).log_prob(z))(z), np.zeros(LENGTH)
    )


def test_a_posterior_without_a_codebook_is_refused() -> None:
    with pytest.raises(
        jv.UserError, match="DiagonalNormal over real vectors and UniformCodes over vectors of a codebook"
    ):
        jv.VAE(DATA_SHAPE, 4, prior=UniformCodes())
