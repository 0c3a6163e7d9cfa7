"""A flow posterior reaches what a diagonal normal cannot, and refuses what it cannot stand on."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae import bijectors
from jaxvae.objectives.estimators import PathOnly
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from jaxvae.spaces import Space
from jaxvae.typing import Array, Params, Shape
from tests.helpers import LATENT_DIM, binary_batch, init, keys, tiny_vae
from tests.linear_gaussian import DATA_SHAPE, NUM_PIXELS, LinearGaussian, as_example

NOISE = 0.7


def correlated(rng: np.random.Generator) -> tuple[LinearGaussian, np.ndarray, np.ndarray]:
    """A linear model whose exact posterior N(A (x − b), Σ) has correlated dimensions, with A and Σ."""
    model = LinearGaussian(rng.normal(size=(NUM_PIXELS, 2)) @ [[1.0, 0.8], [0.0, 0.3]], rng.normal(size=12), NOISE)
    covariance = np.linalg.inv(np.eye(2) + model.weights.T @ model.weights / NOISE**2)
    return model, covariance @ model.weights.T / NOISE**2, covariance


def by_reflection(covariance: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, Params]:
    """Σ = H diag(λ) H: every improper rotation of the plane is a reflection."""
    variances, axes = np.linalg.eigh(covariance)
    axes[:, 0] *= -np.sign(np.linalg.det(axes))
    directions, v = np.linalg.eigh(0.5 * (axes + axes.T))
    assert directions[0] == pytest.approx(-1)
    return bijectors.Householder(), axes.T, np.sqrt(variances), v[:, 0], {}


def by_cholesky(covariance: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, Params]:
    """Σ = L diag(λ) Lᵀ with a unit lower triangle L, which is an autoregressive map with a linear network."""
    slope = covariance[1, 0] / covariance[0, 0]
    scales = np.sqrt([covariance[0, 0], covariance[1, 1] - slope * covariance[1, 0]])
    kernel = np.zeros((1, 2, 4))
    kernel[0, 0, 1] = slope
    weights = {"layer_0": {"kernel": kernel, "bias": np.zeros((1, 4))}}
    return bijectors.IAF(features=()), np.array([[1.0, 0.0], [-slope, 1.0]]), scales, np.zeros(0), weights


@pytest.mark.parametrize("solution", [by_reflection, by_cholesky])
def test_every_draw_at_the_exact_correlated_posterior_is_the_log_marginal(solution: Any) -> None:
    """log w = log p(x) for every key; the best diagonal normal stays 0.3 nats below and more."""
    rng = np.random.default_rng(4)
    model, matrix, covariance = correlated(rng)
    x = model.sample(rng)
    bijector, back, scales, context, weights = solution(covariance)
    to_base = back @ matrix  # from x − b to the base's mean
    raw = np.log(np.expm1(scales - MIN_SCALE)) - np.log(np.expm1(1.0))
    kernel = np.concatenate([to_base.T, np.zeros((NUM_PIXELS, 2 + context.size))], axis=1)
    bias = np.concatenate([-to_base @ model.bias, raw, context])
    posterior = jv.posteriors.Flow(bijector, num_layers=1, context_dim=0)
    vae = jv.VAE(
        DATA_SHAPE,
        LATENT_DIM,
        jv.networks.MLP(()),
        jv.networks.MLP(()),
        posterior,
        likelihood=jv.likelihoods.Normal(NOISE),
    )
    params = jax.tree.map(
        lambda leaf: jnp.asarray(leaf, jnp.float32),
        {
            "encoder": {"params": {"Dense_0": {"kernel": kernel, "bias": bias}}},
            "decoder": {"params": {"Dense_0": {"kernel": model.weights.T, "bias": model.bias}}},
            "posterior": {"base": {}, "weights": weights},
        },
    )
    params |= {"prior": {}, "likelihood": {}}
    draws = jax.jit(jax.vmap(vae.draw, (None, 0, None)))(params, keys(0, 9), as_example(x))
    np.testing.assert_allclose(draws.log_weight, np.full(9, model.log_marginal(x)), rtol=2e-5)
    assert np.std(draws.latents) > 0.05
    best_diagonal = model.elbo(x, matrix @ (x - model.bias), np.diag(np.linalg.inv(covariance)) ** -0.5)
    assert best_diagonal < model.log_marginal(x) - 0.3


def test_detached_draws_score_what_they_drew() -> None:
    """`sample_and_log_prob` and the inverse agree, and the gradient then passes through z alone."""
    vae = tiny_vae(posterior=jv.posteriors.Flow(bijectors.IAF((5,)), context_dim=3))
    params, x = init(vae, jax.random.key(0)), binary_batch()[0]

    @jax.jit
    def both(params: Params, key: Array, same: Array) -> tuple[jv.Draw, jv.Draw]:
        return vae.draw(params, key, x), vae.draw(params, same, x, posterior=PathOnly(vae.encode(params, x), 1.0))

    plain, detached = both(params, jax.random.key(1), jax.random.key(1))
    np.testing.assert_allclose(detached.log_posterior, plain.log_posterior, rtol=1e-5)
    np.testing.assert_array_equal(detached.latents, plain.latents)


def test_a_batch_of_flows_out_of_vmap_scores_its_own_examples() -> None:
    """Weights, contexts and the bijector's own numbers then all have a batch axis."""
    vae = tiny_vae(posterior=jv.posteriors.Flow(bijectors.SplineCoupling(4, 2.5, jv.networks.MLP((6,)))))
    params, xs = init(vae, jax.random.key(0)), binary_batch()
    z = jax.random.normal(jax.random.key(1), (len(xs), LATENT_DIM))

    @jax.jit
    def both(params: Params, xs: Array) -> tuple[Array, Array]:
        q = jax.vmap(vae.encode, (None, 0))(params, xs)
        return q.log_prob(z), jax.vmap(lambda x, z: vae.encode(params, x).log_prob(z))(xs, z)

    together, alone = both(params, xs)
    assert together.shape == (len(xs),)
    np.testing.assert_allclose(together, alone, rtol=1e-5)


@jv.dataclass
class Codes(jv.posteriors.Posterior):
    """A posterior that is not over real vectors, and changes with the step."""

    temperature: float = 1.0

    @property
    def space(self) -> Space:
        """Codes."""
        return Space("codes")

    def parameter_shape(self, vae: jv.VAE) -> Shape:
        """One number for each latent dimension."""
        return (vae.latent_dim,)

    def distribution(self, vae: jv.VAE, params: Params, outputs: Array) -> Any:
        """Not used."""
        raise NotImplementedError


def test_a_base_must_be_over_real_vectors() -> None:
    with pytest.raises(jv.UserError, match=r"Flow.base must be a posterior over real vectors, got Codes over codes"):
        jv.posteriors.Flow(base=Codes())
