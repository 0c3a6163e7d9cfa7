"""Posteriors off the real vectors: which prior they take, and what is refused when the model is built."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae import posteriors, priors
from tests.helpers import DATA_SHAPE, assert_finite


def test_a_sphere_has_two_coordinates_or_more() -> None:
    with pytest.raises(jv.UserError, match=r"need latent_dim >= 2, got 1: .*circle") as error:
        jv.VAE(DATA_SHAPE, 1, posterior=posteriors.VonMisesFisher(), prior=priors.HypersphericalUniform())
    assert "\n" not in str(error.value)


def test_other_spaces_are_refused_with_what_fits() -> None:
    with pytest.raises(jv.UserError, match=r"VonMisesFisher over unit sphere and StandardNormal over real vectors"):
        jv.VAE(DATA_SHAPE, 2, posterior=posteriors.VonMisesFisher())
    with pytest.raises(
        jv.UserError,
        match=r"use `prior=Exemplar\(\)` or `prior=Poinc.*\(\)` or `prior=Vamp\(\)`, with .* use `posterior=VonMisesF",
    ):
        jv.VAE(DATA_SHAPE, 2, posterior=posteriors.PoincareNormal(), prior=priors.HypersphericalUniform())


def test_other_curvatures_are_refused() -> None:
    with pytest.raises(jv.UserError, match=r"ball\[0.5\] and .*ball\[1.0\]: give both the same numbers"):
        jv.VAE(DATA_SHAPE, 2, posterior=posteriors.PoincareNormal(0.5), prior=priors.PoincareNormal())
    jv.VAE(DATA_SHAPE, 2, posterior=posteriors.PoincareNormal(0.5), prior=priors.PoincareNormal(0.5))


def test_the_posterior_has_the_encoder_s_direction_and_concentration() -> None:
    posterior = posteriors.VonMisesFisher(min_concentration=0.25)
    model = jv.VAE(DATA_SHAPE, 3, posterior=posterior, prior=priors.HypersphericalUniform())
    q = posterior.distribution(model, {}, jnp.array([0.0, -3.0, 4.0, 0.0]))
    np.testing.assert_allclose(q.mean_direction, [0.0, -0.6, 0.8], rtol=1e-6)
    np.testing.assert_allclose(q.concentration, 1.25, rtol=1e-6)

    def log_prob(outputs: jax.Array) -> jax.Array:
        return posterior.distribution(model, {}, outputs).log_prob(jnp.array([0.6, 0.0, 0.8]))

    assert_finite(jax.value_and_grad(log_prob)(jnp.zeros(4)))  # no direction


def test_the_posterior_s_centre_is_as_far_from_0_as_the_encoder_s_output_is_long() -> None:
    posterior = posteriors.PoincareNormal(curvature=4.0)
    model = jv.VAE(DATA_SHAPE, 2, posterior=posterior, prior=priors.PoincareNormal(curvature=4.0))
    q = posterior.distribution(model, {}, jnp.array([[0.3, -0.4], [0.0, 1.0]]))
    np.testing.assert_allclose(q.loc, np.array([0.6, -0.8]) * np.tanh(0.5) / 2, rtol=1e-5)
    np.testing.assert_allclose(q.scale[0], 1.0, rtol=1e-3)


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("space", ["sphere", "ball"])
def test_a_decoder_is_shown_a_point_in_units_of_its_coordinates(space: str, scaled: bool) -> None:
    """Of 7 coordinates, of which the squares sum to 1 on the sphere, and to 1/0.3 at the edge of the ball."""
    if space == "sphere":
        posterior, prior, factor = posteriors.VonMisesFisher(scaled=scaled), priors.HypersphericalUniform(), 7**0.5
    else:
        posterior, prior = posteriors.PoincareNormal(0.3, scaled=scaled), priors.PoincareNormal(curvature=0.3)
        factor = (7 * 0.3) ** 0.5
    identity = jv.networks.MLP((), "identity", output_gain=1.0)
    likelihood = jv.likelihoods.Normal(scale=1.0)
    model = jv.VAE((5,), 7, posterior=posterior, prior=prior, decoder=identity, likelihood=likelihood)
    params = model.init(jax.random.key(0))
    z = jax.random.normal(jax.random.key(1), (7,))
    z /= 1.01 * jnp.linalg.norm(z)
    weights = params["decoder"]["params"]["Dense_0"]["kernel"]
    np.testing.assert_allclose(jv.decode(model, params, z).mean, (factor if scaled else 1.0) * z @ weights, rtol=1e-5)
