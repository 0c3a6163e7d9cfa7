"""FullNormal and LowRankNormal: the covariance that their docstrings build from the encoder's outputs, by scipy."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxvae as jv
from jaxvae import distributions
from jaxvae.posteriors import FullNormal, LowRankNormal

SIZE = 3
VAE = jv.VAE((4,), SIZE)


def positive(raw: np.ndarray) -> np.ndarray:
    return 1e-4 + np.log1p(np.exp(raw + np.log(np.expm1(1.0))))


def test_full_normal_fills_its_factor_row_by_row() -> None:
    posterior, rng = FullNormal(), np.random.default_rng(0)
    assert posterior.parameter_shape(VAE) == (9,)
    outputs = rng.normal(size=9)
    factor = np.diag(positive(outputs[3:6]))
    factor[1, 0], factor[2, 0], factor[2, 1] = outputs[6:] / np.sqrt(SIZE)
    q = posterior.distribution(VAE, {}, jnp.asarray(outputs, jnp.float32))
    z = rng.normal(size=(7, SIZE))
    expected = stats.multivariate_normal(outputs[:3], factor @ factor.T).logpdf(z)
    np.testing.assert_allclose(q.log_prob(jnp.asarray(z, jnp.float32)), expected, rtol=1e-5)


@pytest.mark.parametrize("size", [2, 100])
def test_both_start_as_the_diagonal_normal(size: int) -> None:
    """Of a silent encoder: N(0, I); of noise in its outputs, 4,950 entries below the diagonal add no more than one."""
    model = jv.VAE((4,), size)
    for posterior in (FullNormal(), LowRankNormal()):
        silent = jnp.zeros(posterior.parameter_shape(model))
        mean, covariance = _moments(posterior.distribution(model, {}, silent))
        expected = jv.posteriors.DiagonalNormal().distribution(model, {}, jnp.zeros((2, size)))
        np.testing.assert_allclose(mean, expected.loc, atol=1e-6)
        np.testing.assert_allclose(covariance, np.diag(expected.scale**2), atol=1e-6)
    noise = 0.3 * np.random.default_rng(0).normal(size=FullNormal().parameter_shape(model))
    noise[: 2 * size] = 0.0
    _, covariance = _moments(FullNormal().distribution(model, {}, jnp.asarray(noise, jnp.float32)))
    assert np.diag(covariance).max() < 1.0 + 2 * 0.3**2


def _moments(q: Any) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(q, distributions.LowRankNormal):
        return np.asarray(q.loc), np.asarray(jnp.diag(q.scale**2) + q.factor @ q.factor.T)
    return np.asarray(q.loc), np.asarray(q.scale_tril @ q.scale_tril.T)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [1, 2, 5])
def test_low_rank_normal_adds_its_rows(rank: int) -> None:
    posterior, rng = LowRankNormal(rank=rank), np.random.default_rng(rank)
    assert posterior.parameter_shape(VAE) == (2 + rank, SIZE)
    outputs = rng.normal(size=(2 + rank, SIZE))
    covariance = np.diag(positive(outputs[1]) ** 2) + sum(np.outer(row, row) for row in outputs[2:])
    q = posterior.distribution(VAE, {}, jnp.asarray(outputs, jnp.float32))
    z = rng.normal(size=(7, SIZE))
    expected = stats.multivariate_normal(outputs[0], covariance).logpdf(z)
    np.testing.assert_allclose(q.log_prob(jnp.asarray(z, jnp.float32)), expected, rtol=1e-5)


@pytest.mark.parametrize("posterior", [FullNormal(), LowRankNormal()], ids=["full", "low_rank"])
@pytest.mark.parametrize("prior", [jv.priors.StandardNormal(), jv.priors.LearnedNormal()], ids=["standard", "learned"])
def test_kl_to_a_normal_prior_has_a_closed_form(posterior: jv.posteriors.Posterior, prior: jv.priors.Prior) -> None:
    model = jv.VAE((4,), SIZE, posterior=posterior, prior=prior)
    outputs = jnp.asarray(np.random.default_rng(1).normal(size=posterior.parameter_shape(model)), jnp.float32)
    params = {"prior": {"loc": jnp.ones(SIZE), "raw_scale": jnp.ones(SIZE)}}
    kl = jv.kl_divergence(posterior.distribution(model, {}, outputs), prior.distribution(model, params))
    assert kl.is_closed_form  # its value: tests/distributions/test_joint.py
