"""Noise dimensions: they add nothing to the KL, leave the other posterior as it is, and must leave room for it."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae import posteriors, priors
from jaxvae.distributions import Normal
from jaxvae.posteriors import DiagonalNormal, FullNormal, NormalMixture, WithNoise
from jaxvae.spaces import REAL, Space
from jaxvae.typing import Array, Params
from tests.helpers import check_in_model, init, keys, tiny_vae
from tests.sizes import BATCH

CIRCLE = Space("circle of radius", (2.0,))


@jv.dataclass
class OnCircle(DiagonalNormal):
    """Not on a circle at all, but it says so."""

    space = CIRCLE  # type: ignore[assignment]


@jv.dataclass
class CirclePrior(priors.StandardNormal):
    """Its prior."""

    space = CIRCLE  # type: ignore[assignment]


def with_noise_of_two(posterior: posteriors.Posterior) -> tuple[jv.VAE, jv.VAE, Params]:
    """A model with 5 latents of which 2 are noise, the one with 3, and an encoder that fits both."""
    parts: dict[str, Any] = {"data_shape": (4,), "encoder": jv.networks.MLP(()), "decoder": jv.networks.MLP(())}
    inner = jv.VAE(latent_dim=3, posterior=posterior, **parts)
    model = jv.VAE(latent_dim=5, posterior=WithNoise(posterior, noise_dim=2), **parts)
    return model, inner, init(model, jax.random.key(0))


@pytest.mark.parametrize("posterior", [DiagonalNormal(), FullNormal()], ids=["diagonal", "full"])
def test_the_kl_is_that_of_the_other_dimensions(posterior: posteriors.Posterior) -> None:
    model, inner, params = with_noise_of_two(posterior)
    assert model.posterior.parameter_shape(model) == posterior.parameter_shape(inner)
    x = jnp.array([0.2, 1.0, 0.5, 0.7])
    q = model.encode(params, x)
    kl = jv.kl_divergence(q, model.prior.distribution(model, params))
    exact = jv.kl_divergence(inner.encode(params, x), inner.prior.distribution(inner, params))
    assert kl.is_closed_form
    assert exact.is_closed_form
    np.testing.assert_allclose(kl.value, exact.value, rtol=1e-6)
    np.testing.assert_array_equal(model.draw(params, jax.random.key(1), x).kl, kl.value[None])


def test_without_a_closed_form_the_noise_cancels_in_the_estimate() -> None:
    model, inner, params = with_noise_of_two(NormalMixture())
    x = jnp.array([0.2, 1.0, 0.5, 0.7])
    draw = model.draw(params, jax.random.key(1), x)
    z = draw.latents[:3]
    expected = inner.encode(params, x).log_prob(z) - inner.prior.distribution(inner, params).log_prob(z)
    np.testing.assert_allclose(draw.kl[0], expected, rtol=1e-5, atol=1e-6)  # of densities near 1


def test_the_noise_is_the_last_dimensions_and_does_not_depend_on_x() -> None:
    model, inner, params = with_noise_of_two(DiagonalNormal())
    xs = jnp.asarray(np.random.default_rng(0).normal(size=(BATCH, 4)), jnp.float32)
    q = jax.vmap(model.encode, (None, 0))(params, xs)
    np.testing.assert_allclose(q.mean[:, :3], jax.vmap(inner.encode, (None, 0))(params, xs).mean, rtol=1e-6)
    np.testing.assert_array_equal(q.mean[:, 3:], np.zeros((BATCH, 2)))
    np.testing.assert_array_equal(q.scale[:, 3:], np.ones((BATCH, 2)))


def test_over_other_spaces_both_sides_need_the_noise() -> None:
    q, p = WithNoise(OnCircle()), priors.WithNoise(CirclePrior())
    assert str(q.space) == str(p.space) == "circle of radius with noise of dimension 1[2.0]"
    assert WithNoise().space == priors.WithNoise().space == REAL
    check_in_model(lambda: tiny_vae(posterior=WithNoise(OnCircle()), prior=priors.WithNoise(CirclePrior())))
    for prior in (priors.StandardNormal(), CirclePrior(), priors.WithNoise(CirclePrior(), noise_dim=2)):
        with pytest.raises(jv.UserError, match="must share one space"):
            jv.VAE((4,), 4, posterior=q, prior=prior)


def test_a_prior_of_posteriors_takes_the_noise_over() -> None:
    """Vamp over [z; e] is the mixture over z, times the noise."""
    posterior = WithNoise(DiagonalNormal(), noise_dim=1)
    model = tiny_vae(posterior=posterior, prior=priors.Vamp(num_components=3))
    params = init(model, jax.random.key(0))
    inner = jax.vmap(lambda u: model.encode(params, u))(params["prior"]["pseudo_inputs"])
    assert isinstance(inner, Normal)
    z = jnp.array([0.3, -1.2])
    each = jax.vmap(lambda loc, scale: Normal(loc, scale).log_prob(z[:1]))(inner.loc[:, :1], inner.scale[:, :1])
    expected = jax.nn.logsumexp(each) - np.log(3) + Normal(0.0, 1.0).log_prob(z[1])
    np.testing.assert_allclose(model.prior.distribution(model, params).log_prob(z), expected, rtol=1e-5)


def test_parameters_and_schedules_of_the_other_components_are_passed_on() -> None:
    @jv.dataclass
    class Scheduled(DiagonalNormal):
        width: float = 1.0

        def init(self, key: Array, model: jv.VAE) -> Params:
            return {"shift": jnp.full(model.latent_dim, 7.0)}

        def distribution(self, model: jv.VAE, params: Params, outputs: Array) -> Normal:
            return Normal(params["posterior"]["shift"], jnp.asarray(self.width))

        def at_step(self, step: Array) -> "Scheduled":
            return Scheduled(width=step)

    @jv.dataclass
    class ScheduledPrior(priors.NormalMixture):
        def at_step(self, step: Array) -> Any:
            return priors.LearnedNormal()

    model = tiny_vae(posterior=WithNoise(Scheduled()), prior=priors.WithNoise(ScheduledPrior(num_components=4)))
    params = init(model, jax.random.key(0))
    later = model.at_step(jnp.asarray(0.25))
    q = later.encode(params, jnp.zeros(model.data_shape))
    np.testing.assert_array_equal(q.mean, [7.0, 0.0])
    np.testing.assert_array_equal(q.scale, [0.25, 1.0])
    assert params["prior"]["loc"].shape == (4, 1)
    assert isinstance(later.prior.prior, priors.LearnedNormal)


@pytest.mark.parametrize(
    "build",
    [
        lambda: jax.eval_shape(tiny_vae(posterior=WithNoise(noise_dim=2)).init, jax.random.key(0)),
        lambda: jax.eval_shape(tiny_vae(prior=priors.WithNoise(noise_dim=2)).init, jax.random.key(0)),
        lambda: WithNoise(noise_dim=0),
        lambda: priors.WithNoise(noise_dim=-1),
        lambda: WithNoise(posterior=DiagonalNormal),  # type: ignore[arg-type]
        lambda: priors.WithNoise(prior=priors.Vamp()),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(build: Callable[[], Any]) -> None:
    with pytest.raises(jv.UserError, match=r"^WithNoise\.(noise_dim|posterior|prior) must ") as error:
        build()
    assert "\n" not in str(error.value)


def test_a_prior_with_noise_draws_noise_of_its_own() -> None:
    model = tiny_vae(posterior=WithNoise(OnCircle()), prior=priors.WithNoise(CirclePrior()))
    z = jax.vmap(lambda key: model.sample_prior(init(model, jax.random.key(0)), key))(keys(1, 7))
    assert len(np.unique(z)) == 14
