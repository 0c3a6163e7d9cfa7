"""Every posterior of the table: a distribution over one latent, finite at extremes, in a model."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.components import POSTERIORS, spaces
from tests.helpers import assert_finite, check_in_model, keys, tiny_vae

every_row = pytest.mark.parametrize("build", POSTERIORS.values(), ids=POSTERIORS)


@pytest.mark.fast_rows(2)
@every_row
def test_in_a_model(build: Callable[[], Any]) -> None:
    check_in_model(lambda: tiny_vae(posterior=build()))


@pytest.mark.fast_rows(2)
@every_row
@pytest.mark.parametrize("size", [1.0, 1e4])
def test_one_latent_with_finite_density_and_gradient(build: Callable[[], Any], size: float) -> None:
    """Encoder outputs of ±10,000 included, at its own draws and at a point of its space."""
    model = tiny_vae(posterior=build())
    params = {"posterior": model.posterior.init(jax.random.key(0), model)}
    point = jnp.asarray(spaces.points(model.posterior.space, params)[0], jnp.float32)

    def log_probs(outputs: jax.Array, key: jax.Array) -> tuple[tuple[jax.Array, ...], tuple[jax.Array, ...]]:
        q = model.posterior.distribution(model, params, outputs)
        z = q.sample(key)
        elsewhere = z if model.posterior.space.is_of_points else point  # all mass is on z
        values = z, q.log_prob(z), q.log_prob(elsewhere)
        return values, values

    outputs = np.random.default_rng(0).normal(size=(8, *model.posterior.parameter_shape(model))) * size
    outputs = jnp.asarray(outputs, jnp.float32)
    gradients, (z, *values) = jax.jit(jax.vmap(jax.jacobian(log_probs, has_aux=True)))(outputs, keys(1, 8))
    assert z.shape == (8, model.latent_dim)
    assert [value.shape for value in values] == [(8,), (8,)]
    assert_finite((z, values, gradients))
