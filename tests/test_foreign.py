"""Anything with `log_prob` and `sample` that is a pytree plugs in: numpyro's distributions as they come."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as numpyro
import pytest
from scipy import stats

import jaxvae as jv
from jaxvae.distributions import mean_of
from jaxvae.distributions.transforms import positive
from jaxvae.objectives.estimators import PathOnly
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from tests.helpers import assert_trees_close, binary_batch, init, keys, tiny_vae
from tests.sizes import BATCH, DATA_SHAPE, LATENT_DIM, SAMPLES


@jv.dataclass
class LaplacePrior(jv.priors.Prior):
    """The user's own prior in numpyro."""

    scale: float = 1.5

    def distribution(self, model: jv.VAE, params: Any) -> Any:
        """p(z) over `[latent_dim]`."""
        return numpyro.Laplace(jnp.zeros(model.latent_dim), jnp.full(model.latent_dim, self.scale)).to_event(1)


@jv.dataclass
class NumpyroNormal(jv.posteriors.Posterior):
    """The diagonal normal posterior, written with numpyro."""

    def parameter_shape(self, model: jv.VAE) -> tuple[int, ...]:
        """Mean and raw scale."""
        return (2, model.latent_dim)

    def distribution(self, model: jv.VAE, params: Any, outputs: jax.Array) -> Any:
        """q(z|x) over `[latent_dim]`."""
        return numpyro.Normal(outputs[0], positive(outputs[1], MIN_SCALE)).to_event(1)


@jv.dataclass
class NumpyroBernoulli(jv.likelihoods.Bernoulli):
    """The Bernoulli likelihood, written with numpyro."""

    def distribution(self, model: jv.VAE, params: Any, outputs: jax.Array) -> Any:
        """p(x|z) over `data_shape`."""
        probs = jax.nn.sigmoid(outputs)
        return numpyro.BernoulliProbs(probs).to_event(len(model.data_shape))


def estimates(model: jv.VAE, params: Any, key: jax.Array, x: jax.Array) -> dict[str, Any]:
    draw_key, detached_key, elbo_key, marginal_key, sample_key = jax.random.split(key, 5)
    return {
        "draw": model.draw(params, draw_key, x),
        "detached": model.draw(params, detached_key, x, posterior=PathOnly(model.encode(params, x), 1.0)),
        "elbo": jv.elbo(model, params, elbo_key, x),
        "log_marginal": jv.log_marginal(model, params, marginal_key, x, num_samples=SAMPLES),
        "reconstruct": jv.reconstruct(model, params, x),
        "sample": jv.sample(model, params, sample_key),
    }


every = jax.jit(jax.vmap(estimates, (None, None, 0, 0)))


@pytest.fixture(scope="module")
def params() -> Any:
    return init(tiny_vae(), jax.random.key(0))


def test_a_numpyro_prior(params: Any) -> None:
    """log p(z) is scipy's at the draw; the KL of a pair without closed form is the draw's own log-ratio."""
    out = every(tiny_vae(prior=LaplacePrior(scale=0.7)), params, keys(1, BATCH), binary_batch())
    draw = out["draw"]
    expected = stats.laplace.logpdf(np.asarray(draw.latents), 0, 0.7).sum(-1)
    np.testing.assert_allclose(draw.log_prior, expected, rtol=1e-5)
    np.testing.assert_allclose(draw.kl[:, 0], draw.log_posterior - draw.log_prior, rtol=1e-5, atol=1e-6)
    assert out["log_marginal"].shape == (BATCH,)
    assert out["sample"].shape == (BATCH, *DATA_SHAPE)
    ours = every(tiny_vae(), params, keys(1, BATCH), binary_batch())
    assert_trees_close((draw.latents, draw.log_posterior), (ours["draw"].latents, ours["draw"].log_posterior))


def test_numpyro_posterior_and_likelihood_give_the_numbers_of_ours(params: Any) -> None:
    ours = every(tiny_vae(), params, keys(2, BATCH), binary_batch())
    with jax.numpy_dtype_promotion("standard"):  # numpyro mixes bool and float
        theirs = every(
            tiny_vae(posterior=NumpyroNormal(), likelihood=NumpyroBernoulli()), params, keys(2, BATCH), binary_batch()
        )
    kl = {"kl": 0.0, "exact_kl": 0.0, "kl_dimensions": None}  # numpyro's pair has no closed form here
    for name in ("draw", "detached"):
        assert_trees_close(theirs[name]._replace(**kl), ours[name]._replace(**kl), rtol=1e-4, atol=1e-5)
        log_ratio = theirs[name].log_posterior - theirs[name].log_prior
        np.testing.assert_allclose(theirs[name].kl[:, 0], log_ratio, rtol=1e-5, atol=1e-6)
    for name in ("log_marginal", "reconstruct"):
        assert_trees_close(theirs[name], ours[name], rtol=1e-4, atol=1e-5)
    assert theirs["draw"].latents.shape == (BATCH, LATENT_DIM)


def test_gradients_pass_through_a_foreign_prior_and_its_numbers_are_leaves(params: Any) -> None:
    def loss(model: jv.VAE) -> jax.Array:
        return jv.elbo(model, params, jax.random.key(3), binary_batch()[0]).value

    gradient = jax.jit(jax.grad(loss))(tiny_vae(prior=LaplacePrior()))
    high, low = (loss(tiny_vae(prior=LaplacePrior(scale=scale))) for scale in (1.55, 1.45))
    np.testing.assert_allclose(gradient.prior.scale, (high - low) / 0.1, rtol=0.02)


@jv.dataclass
class OneForEach(jv.priors.Prior):
    """A mistake: each dimension of z is an event of its own, or all share one number."""

    shared: bool = False

    def distribution(self, model: jv.VAE, params: Any) -> Any:
        """Two ways to write it."""
        zeros = jnp.zeros(() if self.shared else model.latent_dim)
        return jv.distributions.Normal(zeros, 1.0, event_ndim=0)


@pytest.mark.parametrize("shared", [False, True])
def test_a_prior_that_scores_each_dimension_by_itself_is_refused(params: Any, shared: bool) -> None:
    """It would silently broadcast against the posterior."""
    with pytest.raises(
        jv.UserError, match=r"log_prob of a prior must be one number, got shape \(2,\) from Normal: make all of z"
    ):
        jv.elbo(tiny_vae(prior=OneForEach(shared=shared)), params, jax.random.key(0), binary_batch()[0])


def test_a_distribution_without_mean_says_what_to_do() -> None:
    class Bare:
        """Has neither mean nor anything else."""

    with pytest.raises(NotImplementedError, match="Bare has no mean: give a key to use a sample"):
        mean_of(Bare())  # type: ignore[arg-type]


def test_any_number_of_draws_share_one_foreign_posterior(params: Any) -> None:
    model, x = tiny_vae(posterior=NumpyroNormal()), binary_batch()[0]
    q = jv.encode(model, params, x)
    draw = jax.jit(jax.vmap(partial(model.draw, params, x=x, posterior=q)))(keys(4, SAMPLES))
    expected = stats.norm.logpdf(draw.latents, q.base_dist.loc, q.base_dist.scale).sum(-1)  # type: ignore[attr-defined]
    np.testing.assert_allclose(draw.log_posterior, expected, rtol=1e-4)
