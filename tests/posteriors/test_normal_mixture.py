"""The mixture posterior: its components by hand, and a gradient of the ELBO without bias."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxvae as jv
from jaxvae.objectives import ELBO
from jaxvae.posteriors import NormalMixture
from jaxvae.typing import Array, Params
from tests.helpers import assert_mean, keys, mean_and_error


def test_each_row_is_a_component() -> None:
    model, outputs = jv.VAE((4,), 2), np.random.default_rng(0).normal(size=(3, 5))
    q = NormalMixture().distribution(model, {}, jnp.asarray(outputs, jnp.float32))
    z = np.array([0.3, -0.8])
    weights = np.exp(outputs[:, 0]) / np.exp(outputs[:, 0]).sum()
    scales = 1e-4 + np.log1p(np.exp(outputs[:, 3:] + np.log(np.expm1(1.0))))
    density = np.sum(weights * stats.norm.pdf(z, outputs[:, 1:3], scales).prod(-1))
    np.testing.assert_allclose(q.log_prob(jnp.asarray(z, jnp.float32)), np.log(density), rtol=1e-5)
    np.testing.assert_allclose(q.mean, weights @ outputs[:, 1:3], rtol=1e-5)


def mixture_of_full_normals() -> jv.posteriors.Posterior:
    """Another family of components than the library's own posterior has."""

    @jv.dataclass
    class FullMixture(jv.posteriors.Posterior):
        def parameter_shape(self, model: jv.VAE) -> tuple[int, ...]:
            return (2, 6)

        def distribution(self, model: jv.VAE, params: Params, outputs: Array) -> jv.distributions.Mixture:
            full = jv.posteriors.FullNormal()
            components = jax.vmap(lambda row: full.distribution(model, params, row))(outputs[:, 1:])
            return jv.distributions.Mixture(outputs[:, 0], components)

    return FullMixture()


@pytest.mark.slow
@pytest.mark.parametrize(
    "posterior",
    [NormalMixture(num_components=2), mixture_of_full_normals(), jv.posteriors.WithNoise(NormalMixture(3))],
    ids=["normal", "full", "with_noise"],
)
def test_the_gradient_of_the_elbo_is_that_of_the_integral(posterior: jv.posteriors.Posterior) -> None:
    """For every bias of the encoder: 100,000 one-draw gradients against central differences of a 2-D quadrature.

    Within 6 standard errors, of which the largest part of the gradient is more than 20.
    """
    model = jv.VAE((3,), 2, jv.networks.MLP(()), jv.networks.MLP((4,), "tanh"), posterior=posterior)
    params = jax.jit(model.init)(jax.random.key(3))
    x, layer = np.array([1.0, 0.0, 1.0]), params["encoder"]["params"]["Dense_0"]
    bias = np.random.default_rng(4).normal(size=layer["bias"].shape)

    def with_bias(params: Params, bias: Array) -> Params:
        layer = {**params["encoder"]["params"]["Dense_0"], "bias": bias}
        return {**params, "encoder": {"params": {"Dense_0": layer}}}

    objective = ELBO()
    gradient = jax.grad(lambda b, k: objective.bound(model, with_bias(params, b), k, jnp.asarray(x, "float32"), 0)[0])
    gradients = jax.jit(jax.vmap(gradient, (None, 0)))(jnp.asarray(bias, jnp.float32), keys(5, 100_000))

    axis = np.linspace(-14.0, 14.0, 281)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    with jax.enable_x64(True):
        exact_params = jax.tree.map(lambda leaf: jnp.asarray(leaf, float), params)

        def elbo(bias: Array) -> Array:
            params = with_bias(exact_params, bias)
            q, prior = model.encode(params, jnp.asarray(x)), model.prior.distribution(model, params)

            def integrand(z: Array) -> Array:
                log_q = q.log_prob(z)
                return jnp.exp(log_q) * (model.decode(params, z).log_prob(jnp.asarray(x)) + prior.log_prob(z) - log_q)

            return jnp.sum(jax.vmap(integrand)(jnp.asarray(grid))) * (axis[1] - axis[0]) ** 2

        values = jax.jit(lambda biases: jax.lax.map(elbo, biases))
        steps = 1e-5 * np.eye(bias.size)
        expected = np.asarray(values(jnp.asarray(bias + steps)) - values(jnp.asarray(bias - steps))) / 2e-5
    assert_mean(gradients, expected, standard_errors=6)
    _, error = mean_and_error(gradients)
    assert np.max(np.abs(expected) / error) > 20, "too noisy to tell"
