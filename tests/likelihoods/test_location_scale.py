"""Likelihoods with a location and a scale: their densities, kinds of scale, ranges of the mean, and start."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

import jaxvae as jv
from jaxvae.likelihoods import DiscretizedLogistic, Laplace, Logistic, Normal, StudentT
from tests.components.distributions import discretized_logistic_masses
from tests.helpers import DATA_SHAPE, assert_trees_close, tiny_vae

MEANS = {"identity": lambda x: x, "sigmoid": special.expit, "tanh": np.tanh}
ORACLES = {
    Laplace: stats.laplace.logpdf,
    Logistic: stats.logistic.logpdf,
    StudentT: lambda x, loc, scale: stats.t.logpdf(x, 3.5, loc, scale),
}


def softplus_scale(raw: Any, minimum: float = 1e-3) -> Any:
    return minimum + np.log1p(np.exp(raw + np.log(np.expm1(1.0))))


def examples(seed: int = 0, count: int = 200) -> jax.Array:
    """`[count, *DATA_SHAPE]` of levels of quarters, each dimension with a mean of its own."""
    rng = np.random.default_rng(seed)
    return jnp.asarray(rng.binomial(4, rng.uniform(0.2, 0.8, DATA_SHAPE), (count, *DATA_SHAPE)) / 4, jnp.float32)


def likelihood_params(likelihood: Any, given: jax.Array | None) -> dict[str, Any]:
    return {"likelihood": likelihood.init(jax.random.key(0), tiny_vae(likelihood=likelihood), given)}


@pytest.mark.parametrize(
    ("scale", "mean"), [(0.3, "sigmoid"), (2, "tanh"), ("learned", "identity"), ("per_pixel", "tanh")]
)
@pytest.mark.parametrize("family", ORACLES)
def test_density_agrees_with_scipy(family: Any, scale: Any, mean: Any) -> None:
    rng = np.random.default_rng(0)
    likelihood = family(scale=scale, mean=mean, **({"df": 3.5} if family is StudentT else {}))
    vae = tiny_vae(likelihood=likelihood)
    own = likelihood_params(likelihood, None)["likelihood"]
    assert own.keys() == {"offset"} | ({"raw_scale"} if isinstance(scale, str) else set())
    offset, raw, outputs = rng.normal(size=DATA_SHAPE), rng.normal(size=DATA_SHAPE), rng.normal(size=DATA_SHAPE)
    loc = MEANS[mean](outputs + offset)
    params = {"likelihood": {"offset": jnp.asarray(offset, jnp.float32)}}
    if isinstance(scale, str):
        params["likelihood"]["raw_scale"] = jnp.asarray(-1.5)
        scale = softplus_scale(raw - 1.5) if scale == "per_pixel" else softplus_scale(-1.5)
    if np.ndim(scale):
        outputs = np.stack([outputs, raw])
    assert vae.likelihood.parameter_shape(vae) == outputs.shape
    p = likelihood.distribution(vae, params, jnp.asarray(outputs, jnp.float32))
    x = rng.normal(size=DATA_SHAPE)
    np.testing.assert_allclose(p.log_prob(jnp.asarray(x, jnp.float32)), ORACLES[family](x, loc, scale).sum(), rtol=2e-5)


@pytest.mark.parametrize(
    "likelihood",
    [
        Normal(scale="optimal"),
        Normal(scale="optimal", mean="sigmoid"),
        Laplace(),
        Logistic(mean="tanh"),
        StudentT(mean="sigmoid"),
        DiscretizedLogistic(num_levels=5),
        DiscretizedLogistic(num_levels=5, scale="per_pixel"),
    ],
    ids=repr,
)
def test_starts_at_the_training_mean_and_spread(likelihood: Any) -> None:
    """With a decoder that puts out 0; without examples at 0, or the middle of the range, and scale 1."""
    data, vae = examples(), tiny_vae(likelihood=likelihood)
    silent = jnp.zeros(likelihood.parameter_shape(vae))
    p = likelihood.distribution(vae, likelihood_params(likelihood, data), silent)
    np.testing.assert_allclose(p.loc, np.mean(data, axis=0), rtol=1e-4)
    values = np.asarray(data, np.float64)
    residuals = values - values.mean(axis=0)
    expected = {
        Normal: residuals.std(),
        Laplace: np.abs(residuals).mean(),
        Logistic: residuals.std() * np.sqrt(3) / np.pi,
        DiscretizedLogistic: residuals.std() * np.sqrt(3) / np.pi,
        StudentT: residuals.std() / stats.t(5).std(),
    }[type(likelihood)]
    np.testing.assert_allclose(p.scale, np.full(DATA_SHAPE, expected), rtol=1e-4)
    fresh = likelihood.distribution(vae, likelihood_params(likelihood, None), silent)
    np.testing.assert_allclose(fresh.loc, np.full(DATA_SHAPE, MEANS[getattr(likelihood, "mean", "identity")](0.0)))
    np.testing.assert_allclose(fresh.scale, np.ones(DATA_SHAPE), rtol=1e-2)


def test_the_optimal_scale_is_optimal_at_the_start_and_is_the_root_of_the_mean_squared_error() -> None:
    """No gradient by offset or scale over the examples; from elsewhere gradients lead to σ² = mean squared error."""
    likelihood, data = Normal(scale="optimal"), examples()
    vae, params = tiny_vae(likelihood=likelihood), likelihood_params(likelihood, data)

    @jax.jit
    def loss(params: Any, outputs: jax.Array) -> jax.Array:
        return -jnp.mean(jax.vmap(likelihood.distribution(vae, params, outputs).log_prob)(data))

    start = jax.grad(loss)(params, jnp.zeros(DATA_SHAPE))["likelihood"]
    np.testing.assert_allclose(start["offset"], np.zeros(DATA_SHAPE), atol=1e-3)
    np.testing.assert_allclose(start["raw_scale"], 0.0, atol=1e-3)
    outputs = jnp.asarray(np.random.default_rng(1).normal(size=DATA_SHAPE), jnp.float32)
    values = np.asarray(data, np.float64)
    optimum = np.sqrt(np.mean((values - values.mean(axis=0) - np.asarray(outputs)) ** 2))
    for scale, sign in ((0.5 * optimum, -1), (optimum, 0), (2 * optimum, 1)):
        raw = np.log(np.expm1(scale - 1e-3)) - np.log(np.expm1(1.0))
        moved = {"likelihood": {**params["likelihood"], "raw_scale": jnp.asarray(raw, jnp.float32)}}
        slope = float(jax.grad(loss)(moved, outputs)["likelihood"]["raw_scale"])
        assert abs(slope) < 1e-3 if sign == 0 else slope * sign > 0.1


def test_a_constant_pixel_has_a_finite_start() -> None:
    """All zeros or ones: the inverse of the sigmoid has no value there, and the residual is 0."""
    for value in (0.0, 1.0):
        data = jnp.full((9, *DATA_SHAPE), value)
        for likelihood in (Laplace(mean="sigmoid"), Logistic(mean="tanh"), DiscretizedLogistic(), StudentT()):
            vae = tiny_vae(likelihood=likelihood)
            p = likelihood.distribution(
                vae, likelihood_params(likelihood, data), jnp.zeros(likelihood.parameter_shape(vae))
            )
            log_prob, gradient = jax.value_and_grad(lambda p, x=data[0]: p.log_prob(x))(p)
            assert np.isfinite(log_prob)
            assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


def test_degrees_of_freedom_are_learned_or_fixed() -> None:
    vae, silent = tiny_vae(), jnp.zeros(DATA_SHAPE)
    learned = likelihood_params(StudentT(), None)
    np.testing.assert_allclose(StudentT().distribution(vae, learned, silent).df, np.full(DATA_SHAPE, 5.0), rtol=1e-5)
    fixed = StudentT(df=2)
    assert jax.tree.leaves(fixed) == [2.0]
    params = likelihood_params(fixed, None)
    assert "raw_df" not in params["likelihood"]
    np.testing.assert_allclose(fixed.distribution(vae, params, silent).df, np.full(DATA_SHAPE, 2.0))


def test_a_sweep_over_fixed_scales_is_one_program() -> None:
    def log_prob(likelihood: DiscretizedLogistic) -> jax.Array:
        params = {"likelihood": {"offset": jnp.full(DATA_SHAPE, 0.5)}}
        p = likelihood.distribution(tiny_vae(likelihood=likelihood), params, jnp.zeros(DATA_SHAPE))
        return p.log_prob(jnp.full(DATA_SHAPE, 0.25))

    each = [DiscretizedLogistic(scale=scale, num_levels=5) for scale in (0.05, 0.5)]
    together = jax.jit(jax.vmap(log_prob))(jv.stack(each))
    expected = [12 * np.log(discretized_logistic_masses(0.5, scale, 5)[1]) for scale in (0.05, 0.5)]
    assert_trees_close(together, jnp.asarray(expected, jnp.float32))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Laplace(scale=0), "Laplace.scale must be > 0, got 0.0"),
        (lambda: Logistic(mean="sigm"), "Logistic.mean must be one of identity, sigmoid, tanh; got 'sigm'"),
        (lambda: StudentT(df=1), "StudentT.df must be > 1, got 1.0"),
        (lambda: StudentT(df="lerned"), "StudentT.df must be one of learned; got 'lerned'"),
        (lambda: DiscretizedLogistic(num_levels=1), "DiscretizedLogistic.num_levels must be >= 2 and <= 65536, got 1"),
        (
            lambda: DiscretizedLogistic(scale="optimal"),
            "DiscretizedLogistic.scale must be one of learned, per_pixel; got 'optimal'",
        ),
    ],
)
def test_a_bad_field_is_named(build: Any, message: str) -> None:
    with pytest.raises(jv.UserError) as error:
        build()
    assert str(error.value).startswith(message)
