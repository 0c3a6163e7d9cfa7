"""Likelihoods with a location and a scale: their densities, kinds of scale, ranges of the mean, and start."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, special, stats

import jaxvae as jv
from jaxvae.likelihoods import DiscretizedLogistic, Laplace, Logistic, Normal, StudentT, silent_member
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
    ("scale", "mean"),
    [
        (0.3, "sigmoid"),
        (2, "tanh"),
        ("shared", "identity"),
        (1.5, "identity"),
        ("per_dimension", "sigmoid"),
        ("decoded", "tanh"),
    ],
)
@pytest.mark.parametrize("family", ORACLES)
def test_density_agrees_with_scipy(family: Any, scale: Any, mean: Any) -> None:
    rng = np.random.default_rng(0)
    likelihood = family(scale=scale, mean=mean, **({"df": 3.5} if family is StudentT else {}))
    model = tiny_vae(likelihood=likelihood)
    own = likelihood_params(likelihood, None)["likelihood"]
    has_units = mean == "identity"
    learned = {"raw_scale"} if isinstance(scale, str) else set()
    assert own.keys() == {"offset"} | learned | ({"fixed"} if has_units else set())
    offset, raw, outputs = rng.normal(size=DATA_SHAPE), rng.normal(size=DATA_SHAPE), rng.normal(size=DATA_SHAPE)
    center, spread = (0.7, 2.5) if has_units else (0.0, 1.0)
    loc = center + spread * MEANS[mean](outputs + offset)
    params: dict[str, Any] = {"likelihood": {"offset": jnp.asarray(offset, jnp.float32)}}
    if has_units:
        params["likelihood"]["fixed"] = {"center": jnp.asarray(center), "spread": jnp.asarray(spread)}
    if isinstance(scale, str):
        own_raw = np.asarray(-1.5) if scale == "shared" else rng.normal(size=DATA_SHAPE) - 1.5
        assert own["raw_scale"].shape == own_raw.shape
        params["likelihood"]["raw_scale"] = jnp.asarray(own_raw, jnp.float32)
        outputs = np.stack([outputs, raw]) if scale == "decoded" else outputs
        minimum = 3e-3 if has_units else 1e-3
        scale = spread * softplus_scale(raw + own_raw if scale == "decoded" else own_raw, minimum)
    assert model.likelihood.parameter_shape(model) == outputs.shape
    p = likelihood.distribution(model, params, jnp.asarray(outputs, jnp.float32))
    x = rng.normal(size=DATA_SHAPE)
    np.testing.assert_allclose(p.log_prob(jnp.asarray(x, jnp.float32)), ORACLES[family](x, loc, scale).sum(), rtol=2e-5)


def with_two_more(data: jax.Array) -> np.ndarray:
    """And one a standard deviation of all values above their mean, one below: what the starts are fitted to."""
    values = np.asarray(data, np.float64)
    more = [np.full((1, *DATA_SHAPE), values.mean() + sign * values.std()) for sign in (-1, 1)]
    return np.concatenate([values, *more])


def silent(likelihood: Any, data: Any, data_shape: tuple[int, ...] = DATA_SHAPE) -> Any:
    """p(x|z) at the start, where the decoder puts out 0."""
    model = tiny_vae(likelihood=likelihood, data_shape=data_shape)
    own = jax.jit(lambda data: likelihood.init(jax.random.key(0), model, data))(data)
    return silent_member(likelihood, model, own)


@pytest.mark.parametrize("scale", ["shared", "per_dimension", "decoded"])
@pytest.mark.parametrize("mean", ["identity", "sigmoid"])
def test_normal_and_laplace_start_at_their_closed_forms(scale: Any, mean: Any) -> None:
    data = examples()
    values = with_two_more(data)
    axis = None if scale == "shared" else 0
    normal, laplace = silent(Normal(scale, mean), data), silent(Laplace(scale, mean), data)
    np.testing.assert_allclose(normal.loc, values.mean(axis=0), rtol=1e-4)
    expected = np.sqrt(np.mean((values - values.mean(axis=0)) ** 2, axis))
    np.testing.assert_allclose(normal.scale, np.broadcast_to(expected, DATA_SHAPE), rtol=1e-4)
    medians = np.clip(np.median(values, axis=0), 0.01, 0.99) if mean == "sigmoid" else np.median(values, axis=0)
    np.testing.assert_allclose(laplace.loc, medians, rtol=1e-4, atol=1e-6)
    expected = np.mean(np.abs(values - medians), axis)
    np.testing.assert_allclose(laplace.scale, np.broadcast_to(expected, DATA_SHAPE), rtol=1e-4)


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("scale", ["shared", "decoded"])
@pytest.mark.parametrize("family", [Logistic, StudentT, DiscretizedLogistic])
def test_others_start_at_the_maximum_likelihood_that_scipy_finds(family: Any, scale: Any) -> None:
    """Of the mean log-probability at most 0.002 nats a dimension lower, which no test of 200 examples would notice."""
    likelihood = family(scale, **({"num_levels": 5} if family is DiscretizedLogistic else {}))
    data = examples()
    x = with_two_more(data).reshape(len(data) + 2, -1)
    shared, dims = scale == "shared", x.shape[1]

    def negative(parameters: np.ndarray) -> float:
        loc, log_scale, df = parameters[:dims], parameters[dims:-1], 1.01 + np.exp(parameters[-1])
        spread = np.exp(log_scale[0] if shared else log_scale)
        if family is Logistic:
            return -stats.logistic.logpdf(x, loc, spread).mean() * dims
        if family is StudentT:
            return -stats.t.logpdf(x, df, loc, spread).mean() * dims
        upper = np.where(x == 1.0, 1.0, stats.logistic.cdf(x + 0.125, loc, spread))
        lower = np.where(x == 0.0, 0.0, stats.logistic.cdf(x - 0.125, loc, spread))
        return -np.log(np.maximum(upper - lower, 1e-300)).mean() * dims

    start = np.concatenate([x.mean(axis=0), np.full(1 if shared else dims, np.log(0.1)), [1.0]])
    bounds = [(-9, 9)] * dims + [(np.log(1e-3), 2)] * (1 if shared else dims) + [(-9, 9)]
    best = optimize.minimize(negative, start, method="L-BFGS-B", bounds=bounds)
    ours = float(jnp.mean(jax.jit(jax.vmap(silent(likelihood, data).log_prob))(with_two_more(data).astype("float32"))))
    assert ours > -best.fun - 0.002 * dims


@pytest.mark.parametrize("family", [Normal, Laplace, Logistic, StudentT, partial(DiscretizedLogistic, num_levels=256)])
@pytest.mark.parametrize("scale", ["shared", "per_dimension", "decoded"])
def test_the_start_unit_is_at_0_with_a_scale_of_1_whatever_the_data(family: Any, scale: Any) -> None:
    likelihood = family(scale, start="unit")
    p = silent(likelihood, examples())
    np.testing.assert_array_equal(p.loc, np.zeros(DATA_SHAPE))
    np.testing.assert_allclose(p.scale, np.ones(DATA_SHAPE), rtol=2e-3)  # and the floor of 1e-3


def test_at_the_start_of_the_normal_no_gradient_is_left_and_elsewhere_one_leads_back() -> None:
    """By offset or scale over the examples; from another scale gradients lead to σ² = mean squared error."""
    likelihood, data = Normal("shared"), examples()
    model, params = tiny_vae(likelihood=likelihood), likelihood_params(likelihood, data)

    @jax.jit
    def loss(params: Any, outputs: jax.Array) -> jax.Array:
        p, values = likelihood.distribution(model, params, outputs), jnp.asarray(with_two_more(data), jnp.float32)
        return -jnp.mean(jax.vmap(p.log_prob)(values))

    start = jax.grad(loss)(params, jnp.zeros(DATA_SHAPE))["likelihood"]
    np.testing.assert_allclose(start["offset"], np.zeros(DATA_SHAPE), atol=1e-3)
    np.testing.assert_allclose(start["raw_scale"], 0.0, atol=1e-3)
    outputs = jnp.asarray(np.random.default_rng(1).normal(size=DATA_SHAPE), jnp.float32)
    values = with_two_more(data)
    moves = np.std(np.asarray(data)) * np.asarray(outputs)  # the decoder works in units of the data
    optimum = np.sqrt(np.mean((values - values.mean(axis=0) - moves) ** 2))
    for scale, sign in ((0.5 * optimum, -1), (optimum, 0), (2 * optimum, 1)):
        raw = np.log(np.expm1(scale / np.std(np.asarray(data)) - 3e-3)) - np.log(np.expm1(1.0))
        moved = {"likelihood": {**params["likelihood"], "raw_scale": jnp.asarray(raw, jnp.float32)}}
        slope = float(jax.grad(loss)(moved, outputs)["likelihood"]["raw_scale"])
        assert abs(slope) < 1e-3 if sign == 0 else slope * sign > 0.1


@pytest.mark.slow
def test_a_constant_pixel_has_a_finite_start() -> None:
    """All zeros or ones: the inverse of the sigmoid has no value there, and the residual is 0."""
    for value in (0.0, 1.0):
        data = jnp.full((9, *DATA_SHAPE), value)
        for likelihood in (
            Normal("per_dimension"),
            Laplace("decoded", mean="sigmoid"),
            Logistic("per_dimension", mean="tanh"),
            DiscretizedLogistic(num_levels=5),
            StudentT("decoded"),
        ):
            p = silent(likelihood, data)
            log_prob, gradient = jax.value_and_grad(lambda p, x=data[0]: p.log_prob(x))(p)
            assert np.isfinite(log_prob)
            assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


@pytest.mark.slow
@pytest.mark.parametrize("family", [Normal, Laplace, Logistic, StudentT])
def test_a_column_that_never_changes_starts_at_scale_1(family: Any) -> None:
    """The others at their own; a scale of nearly 0 would put the decoder's first outputs hundreds of scales off."""
    table = np.random.default_rng(2).normal(size=(50, 3)).astype(np.float32) * np.float32([0.2, 0.0, 7.0]) + 3.0
    model = jv.VAE((3,), 2, likelihood=family())
    params = jax.jit(model.init)(jax.random.key(0), jnp.asarray(table))
    scale = model.likelihood.distribution(model, params, jnp.zeros((2, 3))).scale
    assert scale[1] == pytest.approx(1.0, rel=4e-3)  # and the floor of 3e-3
    assert 0.05 < scale[0] < 0.4
    assert 2.0 < scale[2] < 14.0


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("family", [Normal, Laplace, Logistic, StudentT])
@pytest.mark.parametrize("data_shape", [(12,), DATA_SHAPE])
def test_other_units_give_the_same_model(family: Any, data_shape: tuple[int, ...]) -> None:
    """y = 3e4 x − 7: the encoder sees the same, and log p(y|z) = log p(x|z) − D log 3e4, with the same gradient."""
    x = examples().reshape(-1, *data_shape)
    model = jv.VAE(data_shape, 2, likelihood=family())

    @jax.jit
    def start(data: jax.Array) -> Any:
        params = model.init(jax.random.key(1), data)

        def log_prob(params: Any) -> jax.Array:
            return model.decode(params, jnp.asarray([0.3, -1.1])).log_prob(data[5])

        return model.encode(params, data[5]).mean, *jax.value_and_grad(log_prob)(params)

    (code, log_prob, gradient), (its_code, its_log_prob, its_gradient) = start(x), start(30_000.0 * x - 7.0)
    np.testing.assert_allclose(its_code, code, rtol=2e-3, atol=1e-4)
    assert float(its_log_prob) == pytest.approx(float(log_prob) - 12 * np.log(30_000.0), rel=1e-3)
    assert_trees_close(its_gradient["decoder"], gradient["decoder"], rtol=2e-2, atol=2e-2)
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(gradient["likelihood"]["fixed"]))


@pytest.mark.slow
def test_students_t_starts_at_its_optimum_on_heavy_tails() -> None:
    """Cauchy draws, whose mean and spread say nothing: within 0.1 nats an example of scipy's optimum at df ≥ 1.2."""
    table = np.random.default_rng(4).standard_cauchy((150, 2))
    p = silent(StudentT(), table.astype(np.float32), data_shape=(2,))

    def loss(parameters: np.ndarray) -> float:
        loc, scale, df = parameters[:2], np.exp(parameters[2:4]), 1.2 + np.exp(parameters[4])
        return -float(np.mean(stats.t.logpdf(table, df, loc, scale).sum(axis=1)))

    best = min(optimize.minimize(loss, [0, 0, 0, 0, df], method="Nelder-Mead", options={"maxiter": 5000}).fun
               for df in (-5.0, 0.0))  # fmt: skip
    log_probs = jax.vmap(p.log_prob)(jnp.asarray(table, jnp.float32))
    assert -best - 0.1 < float(jnp.mean(log_probs)) < -best + 0.1


def test_learned_degrees_of_freedom_start_where_they_still_move() -> None:
    normal = np.random.default_rng(5).normal(size=(500, 6)).astype(np.float32)
    assert float(silent(StudentT(), normal, data_shape=(6,)).df.max()) == pytest.approx(100.0, rel=1e-3)


def test_degrees_of_freedom_are_learned_or_fixed() -> None:
    model, silent = tiny_vae(), jnp.zeros((2, *DATA_SHAPE))
    learned = likelihood_params(StudentT(), None)
    np.testing.assert_allclose(StudentT().distribution(model, learned, silent).df, np.full(DATA_SHAPE, 5.0), rtol=1e-5)
    fixed = StudentT(df=2)
    assert jax.tree.leaves(fixed) == [2.0]
    params = likelihood_params(fixed, None)
    assert "raw_df" not in params["likelihood"]
    np.testing.assert_allclose(fixed.distribution(model, params, silent).df, np.full(DATA_SHAPE, 2.0))


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
            "DiscretizedLogistic.scale must be one of shared, per_dimension, decoded; got 'optimal'",
        ),
    ],
)
def test_a_bad_field_is_named(build: Any, message: str) -> None:
    with pytest.raises(jv.UserError) as error:
        build()
    assert str(error.value).startswith(message)
