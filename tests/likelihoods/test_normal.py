"""The normal likelihood: kinds of scale, ranges of the mean."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

import jaxvae as jv
from jaxvae.likelihoods import Normal
from tests.helpers import assert_trees_close, tiny_vae
from tests.sizes import DATA_SHAPE

MEANS = {"identity": lambda x: x, "sigmoid": special.expit, "tanh": np.tanh}


def softplus_scale(raw: Any, minimum: float) -> Any:
    return minimum + np.log1p(np.exp(raw + np.log(np.expm1(1.0))))


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("scale", [0.3, 2, "shared", "decoded"])
def test_density_agrees_with_scipy(scale: Any, mean: Any) -> None:
    rng = np.random.default_rng(0)
    model = tiny_vae(likelihood=Normal(scale=scale, mean=mean))
    params = {"likelihood": model.likelihood.init(jax.random.key(0), model, None)}
    raw, expected_scale = rng.normal(size=DATA_SHAPE), scale
    minimum = 3e-3 if mean == "identity" else 1e-3  # in units of the data's spread, or of [0, 1]
    if scale == "shared":
        start = softplus_scale(params["likelihood"]["raw_scale"], minimum)
        np.testing.assert_allclose(start, 1.0 + minimum, rtol=1e-6)
        params = {"likelihood": {"raw_scale": jnp.asarray(-1.5)}}
        expected_scale = softplus_scale(-1.5, minimum)
    outputs = 3 * rng.normal(size=DATA_SHAPE)
    loc = MEANS[mean](outputs)
    if scale == "decoded":
        outputs, expected_scale = np.stack([outputs, raw]), softplus_scale(raw, minimum)
    assert model.likelihood.parameter_shape(model) == outputs.shape
    p = model.likelihood.distribution(model, params, jnp.asarray(outputs, jnp.float32))
    x = rng.normal(size=DATA_SHAPE)
    expected = stats.norm.logpdf(x, loc, expected_scale).sum()
    np.testing.assert_allclose(p.log_prob(jnp.asarray(x, jnp.float32)), expected, rtol=2e-5)
    np.testing.assert_allclose(p.mean, loc, rtol=1e-4, atol=1e-6)


def test_a_decoded_scale_starts_at_one_and_never_falls_below_its_floor() -> None:
    model = tiny_vae(likelihood=Normal(scale="decoded"))
    for raw, expected in ((0.0, 1.003), (-1e4, 3e-3)):
        outputs = jnp.stack([jnp.zeros(DATA_SHAPE), jnp.full(DATA_SHAPE, raw)])
        scale = model.likelihood.distribution(model, {}, outputs).scale
        np.testing.assert_allclose(scale, np.full(DATA_SHAPE, expected), rtol=1e-5)


def test_a_fixed_scale_is_a_leaf_and_a_kind_of_scale_is_not() -> None:
    assert jax.tree.leaves(Normal(scale=2)) == [2.0]
    assert jax.tree.leaves(Normal(scale="shared")) == []

    def log_prob(likelihood: Normal) -> jax.Array:
        model = tiny_vae(likelihood=likelihood)
        return likelihood.distribution(model, {}, jnp.zeros(DATA_SHAPE)).log_prob(jnp.ones(DATA_SHAPE))

    together = jax.jit(jax.vmap(log_prob))(jv.stack([Normal(scale=0.5), Normal(scale=2.0)]))
    assert_trees_close(together, jnp.stack([log_prob(Normal(scale=0.5)), log_prob(Normal(scale=2.0))]))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"scale": 0}, "Normal.scale must be > 0, got 0.0"),
        ({"scale": -0.5}, "Normal.scale must be > 0, got -0.5"),
        (
            {"scale": "decode"},
            "Normal.scale must be one of shared, per_dimension, decoded; got 'decode' (did you mean decoded?)",
        ),
        (
            {"mean": "sigmod"},
            "Normal.mean must be one of identity, sigmoid, tanh; got 'sigmod' (did you mean sigmoid?)",
        ),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(jv.UserError) as error:
        Normal(**fields)
    assert str(error.value) == message
