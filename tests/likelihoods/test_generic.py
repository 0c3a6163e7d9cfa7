"""Every likelihood of the table: a distribution over one x, its support, finite at extremes, in a model."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.components import LIKELIHOODS, LikelihoodRow
from tests.helpers import assert_finite, check_in_model, keys, tiny_vae

every_row = pytest.mark.parametrize("row", LIKELIHOODS.values(), ids=LIKELIHOODS)


@every_row
def test_in_a_model(row: LikelihoodRow) -> None:
    check_in_model(lambda: tiny_vae(likelihood=row.build(), data_shape=row.data_shape))


@every_row
@pytest.mark.parametrize("size", [1.0, 1e4])
def test_one_x_with_finite_density_and_gradient(row: LikelihoodRow, size: float) -> None:
    """Decoder outputs of ±10,000 included, at its own draw and at a value of the support."""
    vae = tiny_vae(likelihood=row.build(), data_shape=row.data_shape)
    params = {"likelihood": vae.likelihood.init(jax.random.key(0), vae, None)}

    def log_probs(outputs: jax.Array, key: jax.Array) -> tuple[jax.Array, ...]:
        p = vae.likelihood.distribution(vae, params, outputs)
        x = p.sample(key)
        mean = p.mean if row.has_mean else x
        return mean, x, p.log_prob(x), p.log_prob(jnp.broadcast_to(jnp.asarray(row.inside[-1]), row.data_shape))

    outputs = np.random.default_rng(0).normal(size=(5, *vae.likelihood.parameter_shape(vae))) * size
    outputs = jnp.asarray(outputs, jnp.float32)
    mean, x, *values = jax.jit(jax.vmap(log_probs))(outputs, keys(1, 5))
    assert mean.shape == x.shape == (5, *row.data_shape)
    assert [value.shape for value in values] == [(5,), (5,)]
    assert np.all(vae.likelihood.support.contains(np.asarray(x)))
    assert_finite((values, jax.jit(jax.vmap(jax.jacobian(log_probs)))(outputs, keys(1, 5))))


@every_row
def test_support(row: LikelihoodRow) -> None:
    contains = row.build().support.contains
    inside, outside = contains(np.array(row.inside)), contains(np.array(row.outside))
    assert np.all(inside)
    assert not np.any(outside.reshape(len(row.outside), -1).all(axis=1))
    assert contains(np.zeros((5, *row.data_shape))).shape == (5, *row.data_shape)


@every_row
def test_discrete_or_not_as_its_samples_are(row: LikelihoodRow) -> None:
    """Bits per dimension need a bin width for a density and none for a mass."""
    vae = tiny_vae(likelihood=row.build(), data_shape=row.data_shape)
    params = {"likelihood": vae.likelihood.init(jax.random.key(0), vae, None)}
    outputs = jnp.zeros(vae.likelihood.parameter_shape(vae))
    p = vae.likelihood.distribution(vae, params, outputs)
    x = np.asarray(jax.jit(jax.vmap(p.sample))(keys(1, 100))).reshape(100, -1)
    assert vae.likelihood.support.is_discrete == all(len(np.unique(column)) < 100 for column in x.T)
