"""Learned accept/reject against quadrature: Z and its gradient, the truncated density, the sampler."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxvae as jv
from jaxvae.bijectors import Planar
from jaxvae.networks import MLP
from jaxvae.priors import LARS
from jaxvae.priors.resampled import Resampled
from jaxvae.typing import Params
from tests.helpers import assert_finite, assert_mean, keys, tiny_vae

NUM_DRAWS = 20_000
NETWORK = MLP((5,), "tanh")
POINTS = np.linspace(-10, 10, 20_001)
TRUNCATIONS = [1, 2, 3, 100, None]


def vae_of(prior: LARS, latent_dim: int = 1) -> jv.VAE:
    return tiny_vae(prior=prior, latent_dim=latent_dim)


def params_of(latent_dim: int = 1) -> Params:
    """An acceptance that changes fast and is mostly low."""
    rng = np.random.default_rng(37)
    shapes = jax.eval_shape(lambda: NETWORK.init(jax.random.key(0), jnp.zeros(latent_dim), ()))
    tree = jax.tree.map(lambda leaf: jnp.asarray(3 * rng.normal(size=leaf.shape), jnp.float32), shapes)
    tree["params"]["Dense_1"]["bias"] = jnp.full(1, -3.0)  # mostly rejected
    return {"prior": tree}


@jax.jit
def acceptance(params: Params, points: jax.Array) -> jax.Array:
    return jax.vmap(lambda z: jax.nn.sigmoid(NETWORK.apply(params["prior"], z, ())))(points)


def exact_z(params: Params) -> jax.Array:
    """Z in one dimension by quadrature, differentiable."""
    weights = jnp.asarray(stats.norm.pdf(POINTS) * (POINTS[1] - POINTS[0]), jnp.float32)
    return jnp.sum(weights * acceptance(params, jnp.asarray(POINTS[:, None], jnp.float32)))


def resampled(truncation: int | None, log_z: Any) -> Resampled:
    base = jv.distributions.Normal(jnp.zeros(1), jnp.ones(1))
    return Resampled(base, NETWORK, params_of()["prior"], jnp.asarray(log_z, jnp.float32), truncation)


@pytest.mark.parametrize("latent_dim", [1, 2])
def test_z_against_quadrature_within_its_own_standard_error(latent_dim: int) -> None:
    """5 standard errors of one large estimate; and 400 small ones scatter as they say."""
    axis = np.linspace(-8, 8, 401)
    mesh = np.stack(np.meshgrid(*[axis] * latent_dim, indexing="ij"), axis=-1).reshape(-1, latent_dim)
    params = params_of(latent_dim)
    a = np.asarray(acceptance(params, jnp.asarray(mesh, jnp.float32)), np.float64)
    expected = np.sum(a * np.exp(stats.norm.logpdf(mesh).sum(1))) * (axis[1] - axis[0]) ** latent_dim
    assert 0.05 < expected < 0.6
    prior = LARS(NETWORK, num_samples=500)
    model = vae_of(prior, latent_dim)
    report = prior.report(model, params)
    z, error, unit = report["acceptance"]
    assert unit == "probability"
    assert 0 < error < 0.005
    assert abs(float(z) - expected) < 5 * float(error)
    log_z = report["log_normaliser"]
    np.testing.assert_allclose([log_z.value, log_z.standard_error], [np.log(z), error / z], rtol=1e-4)
    np.testing.assert_array_equal(prior.distribution(model, params).log_z, log_z.value)  # the one that log p(x) has

    def estimate(key: jax.Array) -> Any:
        return prior.log_normaliser(model, params, key, prior.num_samples)

    values, errors = (np.asarray(array) for array in jax.jit(jax.vmap(estimate))(keys(1, 400)))
    assert_mean(np.exp(values), expected)
    np.testing.assert_allclose(values.std(), errors.mean(), rtol=0.2)  # the standard deviation of 400: ± 3.5%


def test_the_gradient_of_log_z_is_that_of_quadrature() -> None:
    """The mean of 1000 gradients by 1000 draws each, within 6 standard errors and the bias of a ratio, 1 / 1000."""
    params, model = params_of(), vae_of(LARS(NETWORK, num_samples=1000))
    exact = jax.grad(lambda params: jnp.log(exact_z(params)))(params)

    def estimate(params: Params, key: jax.Array) -> jax.Array:
        return model.prior.for_training(key).distribution(model, params).log_z

    sampled = jax.jit(jax.vmap(jax.grad(estimate), (None, 0)))(params, keys(2, 1000))
    for one, other in zip(jax.tree.leaves(sampled), jax.tree.leaves(exact), strict=True):
        error = 6 * one.std(0) / np.sqrt(1000) + np.abs(other) * 3e-3
        assert np.all(np.abs(one.mean(0) - other) < error)


@pytest.mark.slow
@pytest.mark.parametrize("truncation", TRUNCATIONS)
def test_the_density_and_the_sampler_are_those_of_truncated_rejection(truncation: int | None) -> None:
    """The density is the mixture of the paper and sums to 1; 20,000 draws follow it (Kolmogorov-Smirnov, p > 1e-8)."""
    z = float(exact_z(params_of()))
    p = resampled(truncation, np.log(z))
    density = np.exp(np.asarray(jax.jit(p.log_prob)(jnp.asarray(POINTS[:, None], jnp.float32)), np.float64))
    a = np.asarray(acceptance(params_of(), jnp.asarray(POINTS[:, None], jnp.float32)), np.float64)
    none = 0.0 if truncation is None else (1 - z) ** (truncation - 1)
    expected = stats.norm.pdf(POINTS) * ((1 - none) * a / z + none)
    np.testing.assert_allclose(density, expected, rtol=1e-4, atol=1e-6)
    mass = density * (POINTS[1] - POINTS[0])
    np.testing.assert_allclose(mass.sum(), 1.0, atol=1e-5)
    draws = np.asarray(jax.jit(jax.vmap(p.sample))(keys(3, NUM_DRAWS)))[:, 0]
    assert stats.kstest(draws, lambda x: np.interp(x, POINTS, np.cumsum(mass))).pvalue > 1e-8
    if truncation != 1:
        assert stats.kstest(draws, stats.norm.cdf).pvalue < 1e-8, "no rejection to be seen"


def test_a_batch_of_values_is_each_of_them() -> None:
    p, values = resampled(5, -1.0), jnp.asarray(np.random.default_rng(0).normal(size=(4, 3, 1)), jnp.float32)
    looped = jax.vmap(jax.vmap(p.log_prob))(values)
    assert p.log_prob(values).shape == (4, 3)
    np.testing.assert_allclose(p.log_prob(values), looped, rtol=1e-5)


def test_draws_for_z_are_fresh_in_each_step_shared_by_the_batch_and_fixed_elsewhere() -> None:
    model, params = vae_of(LARS(NETWORK, num_samples=50, evaluation_samples=60)), params_of()

    @jax.jit
    def log_z(model: jv.VAE, key: jax.Array) -> Any:
        in_training = model.at_step(jnp.asarray(3)).for_training(key)
        batch = jax.vmap(lambda _: in_training.prior.distribution(in_training, params).log_z)(jnp.arange(4))
        return batch, model.prior.distribution(model, params).log_z

    (one, fixed), (again, fixed_again), (other, _) = (log_z(model, jax.random.key(seed)) for seed in (1, 1, 2))
    assert np.ptp(one) == 0
    np.testing.assert_array_equal(one, again)
    assert one[0] != other[0] != fixed
    assert fixed == fixed_again


@pytest.mark.slow
@pytest.mark.parametrize("wrap", [jv.priors.WithNoise, lambda lars: jv.priors.Flow(Planar(), 1, lars)])
def test_inside_another_prior_it_draws_anew_in_training_and_reports_its_error(wrap: Callable[[LARS], Any]) -> None:
    model = tiny_vae(prior=wrap(LARS(NETWORK, num_samples=50, evaluation_samples=60)), latent_dim=2)
    params = jv.init(model, jax.random.key(0))
    params["prior"] = jax.tree.map(lambda leaf: leaf + 1.0, params["prior"])

    @jax.jit
    def log_prob(model: jv.VAE, step: int) -> jax.Array:
        return model.at_step(jnp.asarray(step)).prior.distribution(model, params).log_prob(jnp.ones(2))

    in_training = [float(log_prob(model.for_training(jax.random.key(seed)), 3)) for seed in (1, 1, 2)]
    elsewhere = float(log_prob(model, 3))
    assert in_training[0] == in_training[1]
    assert len({*in_training, elsewhere}) == 3
    report = model.prior.report(model, params)
    assert 0 < report["log_normaliser"].standard_error < 1


@pytest.mark.slow
@pytest.mark.parametrize("truncation", TRUNCATIONS)
@pytest.mark.parametrize("bias", [-1e4, -50.0, 50.0, 1e4])
def test_finite_where_nothing_or_everything_is_accepted(truncation: int | None, bias: float) -> None:
    """a = e^−10000 and a = 1 everywhere: the density is then the normal's, and gradients are finite."""
    network = MLP(())
    model = vae_of(LARS(network, truncation=truncation, evaluation_samples=100))
    shapes = network.init(jax.random.key(0), jnp.zeros(1), ())
    params = {"prior": jax.tree.map(lambda leaf: jnp.full(leaf.shape, bias if leaf.ndim == 1 else 0.0), shapes)}
    log_prob = jax.value_and_grad(lambda params: model.prior.distribution(model, params).log_prob(jnp.ones(1)))
    value, gradient = log_prob(params)
    np.testing.assert_allclose(value, stats.norm.logpdf(1.0), atol=2e-3)  # −10000 has three digits behind the point
    assert_finite(gradient)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"truncation": 0}, "LARS.truncation must be >= 1, got 0"),
        ({"num_samples": 0}, "LARS.num_samples must be >= 1, got 0"),
        ({"evaluation_samples": 0}, "LARS.evaluation_samples must be >= 1, got 0"),
        ({"network": MLP}, "LARS.network must be an object, got the class MLP: write MLP()"),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(jv.UserError) as error:
        LARS(**fields)
    assert str(error.value) == message
