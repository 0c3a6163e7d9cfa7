"""Every likelihood of the table: a distribution over one x, its support, finite at extremes, in a model."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxvae.typing import Params
from tests.components import LIKELIHOODS, LikelihoodRow
from tests.helpers import assert_finite, check_in_model, keys, tiny_vae

NUM_EXAMPLES = 7

every_row = pytest.mark.parametrize("row", LIKELIHOODS.values(), ids=LIKELIHOODS)


@pytest.mark.fast_rows(1)
@every_row
def test_in_a_model(row: LikelihoodRow) -> None:
    check_in_model(lambda: tiny_vae(likelihood=row.build(), data_shape=row.data_shape))


@pytest.mark.fast_rows(2)
@every_row
@pytest.mark.parametrize("size", [1.0, 1e4])
def test_one_x_with_finite_density_and_gradient(row: LikelihoodRow, size: float) -> None:
    """Decoder outputs of ±10,000 included, at its own draw and at a value of the support."""
    model = tiny_vae(likelihood=row.build(), data_shape=row.data_shape)
    params = {"likelihood": model.likelihood.init(jax.random.key(0), model, None)}

    def log_probs(outputs: jax.Array, key: jax.Array) -> tuple[jax.Array, ...]:
        p = model.likelihood.distribution(model, params, outputs)
        x = p.sample(key)
        mean = p.mean if row.has_mean else x
        return mean, x, p.log_prob(x), p.log_prob(jnp.broadcast_to(jnp.asarray(row.inside[-1]), row.data_shape))

    outputs = np.random.default_rng(0).normal(size=(5, *model.likelihood.parameter_shape(model))) * size
    outputs = jnp.asarray(outputs, jnp.float32)
    mean, x, *values = jax.jit(jax.vmap(log_probs))(outputs, keys(1, 5))
    assert mean.shape == x.shape == (5, *row.data_shape)
    assert [value.shape for value in values] == [(5,), (5,)]
    assert np.all(model.likelihood.support.contains(np.asarray(x)))
    assert_finite((values, jax.jit(jax.vmap(jax.jacobian(log_probs)))(outputs, keys(1, 5))))


@pytest.mark.fast_rows(2)
@every_row
def test_a_start_from_data_that_never_change(row: LikelihoodRow) -> None:
    """Zeros alone, or ones; one example again and again; half the dimensions constant: a bounded start, a gradient."""
    model = tiny_vae(likelihood=row.build(), data_shape=row.data_shape)

    def silent_log_prob(own: Params, x: jax.Array) -> jax.Array:
        outputs = jnp.zeros(model.likelihood.parameter_shape(model))
        return model.likelihood.distribution(model, {"likelihood": own}, outputs).log_prob(x)

    def fit(x: jax.Array) -> tuple[Params, jax.Array, Params]:
        own = model.likelihood.init(jax.random.key(0), model, x)
        value, gradients = jax.vmap(jax.value_and_grad(silent_log_prob), (None, 0))(own, x)
        return own, value, gradients

    def draws(key: jax.Array) -> jax.Array:
        own = model.likelihood.init(jax.random.key(0), model, None)
        outputs = jnp.zeros(model.likelihood.parameter_shape(model))
        return model.likelihood.distribution(model, {"likelihood": own}, outputs).sample(key)

    free = np.asarray(jax.jit(jax.vmap(draws))(keys(1, NUM_EXAMPLES)))
    repeated = np.broadcast_to(free[0], free.shape)
    is_constant = np.arange(free[0].size).reshape(free[0].shape) % 2 == 0
    zeros = np.zeros_like(free)
    lowest = np.where(model.likelihood.support.contains(zeros), zeros, 1.0)
    data = np.stack([lowest, repeated, np.where(is_constant, repeated, free)])
    own, value, gradients = jax.jit(jax.vmap(fit))(jnp.asarray(data))
    assert value.shape == (3, NUM_EXAMPLES)
    assert_finite((own, value, gradients))


@every_row
def test_support(row: LikelihoodRow) -> None:
    contains = row.build().support.contains
    inside, outside = contains(np.array(row.inside)), contains(np.array(row.outside))
    assert np.all(inside)
    assert not np.any(outside.reshape(len(row.outside), -1).all(axis=1))
    assert contains(np.zeros((5, *row.data_shape))).shape == (5, *row.data_shape)


@pytest.mark.fast_rows(2)
@every_row
def test_discrete_or_not_as_its_samples_are(row: LikelihoodRow) -> None:
    """Bits per dimension need a bin width for a density and none for a mass."""
    model = tiny_vae(likelihood=row.build(), data_shape=row.data_shape)
    params = {"likelihood": model.likelihood.init(jax.random.key(0), model, None)}
    outputs = jnp.zeros(model.likelihood.parameter_shape(model))
    p = model.likelihood.distribution(model, params, outputs)
    x = np.asarray(jax.jit(jax.vmap(p.sample))(keys(1, 100))).reshape(100, -1)
    assert model.likelihood.support.is_discrete == all(len(np.unique(column)) < 100 for column in x.T)
