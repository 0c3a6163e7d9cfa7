"""Likelihoods of counts and tables: where they start, what the encoder is shown, what they refuse."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, special, stats

import jaxvae as jv
from jaxvae.likelihoods import (
    BetaBinomial,
    Likelihood,
    Mixed,
    NegativeBinomial,
    Normal,
    Poisson,
    ZeroInflated,
    silent_member,
)
from tests.helpers import tiny_vae

ROWS = 50


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    """One column of each kind, the real one in large units and the counts near 1,000."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, ROWS)
    columns = (
        rng.normal(2e4, 3e3, ROWS),
        rng.negative_binomial(4.0, 4 / (4 + 1e3), ROWS),
        rng.random(ROWS) < 0.3,
        np.minimum(group + rng.integers(0, 2, ROWS), 3),
        group,
    )
    return np.stack(columns, axis=-1).astype(np.float32)


def started(likelihood: Likelihood, examples: np.ndarray) -> tuple[jv.VAE, Any]:
    """A model with the likelihood's parameters started from examples."""
    model = jv.VAE(examples.shape[1:], 2, jv.networks.MLP(()), jv.networks.MLP(()), likelihood=likelihood)
    own = jax.jit(lambda examples: likelihood.init(jax.random.key(0), model, examples))(jnp.asarray(examples))
    return model, {"likelihood": own}


def silent(likelihood: Likelihood, examples: np.ndarray) -> Any:
    """p(x|z) at the start of training for a decoder that puts out 0."""
    model, params = started(likelihood, examples)
    return silent_member(likelihood, model, params["likelihood"])


@pytest.mark.parametrize("likelihood", [Poisson(), NegativeBinomial()], ids=lambda one: type(one).__name__)
def test_counts_start_at_the_training_mean(likelihood: Likelihood) -> None:
    """Up to the 1e-4 below which no rate falls; the mean has one more example of 1."""
    counts = np.random.default_rng(1).negative_binomial(2.0, 0.01, (ROWS, 3, 2)).astype(np.float32)
    np.testing.assert_allclose(silent(likelihood, counts).mean, (counts.sum(0) + 1) / (ROWS + 1), rtol=2e-4)


def best_negative(negative: Any, start: list[float], bounds: list[tuple[float, float]]) -> float:
    """The smallest −log p that scipy finds."""
    return float(optimize.minimize(negative, start, method="L-BFGS-B", bounds=bounds).fun)


def test_a_dispersion_starts_at_its_maximum_likelihood() -> None:
    """Dimension by dimension at most 0.02 nats below scipy's optimum of 2,000 counts; nearly Poisson at the bound."""
    rng = np.random.default_rng(4)
    counts = np.stack(
        [rng.negative_binomial(0.3, 0.1, 2000), rng.negative_binomial(50.0, 0.5, 2000), rng.binomial(9, 0.4, 2000)], -1
    ).astype(np.float32)
    p = silent(NegativeBinomial(), counts)
    for d in range(3):
        x, rate, r = counts[:, d], float(p.rate[d]), float(p.dispersion[d])

        def negative(log_r: np.ndarray, x: np.ndarray = x, rate: float = rate) -> float:
            r = np.exp(log_r[0])
            return -float(stats.nbinom.logpmf(x, r, r / (r + rate)).sum())

        assert negative(np.log([r])) < best_negative(negative, [0.0], [(np.log(0.01), np.log(1e4))]) + 0.02
    assert float(p.dispersion[2]) == pytest.approx(1e4, rel=0.01)  # less spread than Poisson: the largest there is


@pytest.mark.slow
@pytest.mark.parametrize("base", [Poisson(), NegativeBinomial()], ids=lambda one: type(one).__name__)
def test_extra_zeros_start_at_their_maximum_likelihood(base: Likelihood) -> None:
    """At most 0.1 nats in all below scipy's optimum of 1,000 counts of which 40 % are extra zeros."""
    rng = np.random.default_rng(5)
    x = (rng.poisson(5.0, 1000) * (rng.random(1000) < 0.6)).astype(np.float32)
    p = silent(ZeroInflated(base), x[:, None])
    ours = float(jnp.sum(jax.vmap(p.log_prob)(x[:, None])))

    def negative(parameters: np.ndarray) -> float:
        logit, rate, r = parameters[0], np.exp(parameters[1]), np.exp(parameters[2])
        plain = stats.poisson.pmf(x, rate) if isinstance(base, Poisson) else stats.nbinom.pmf(x, r, r / (r + rate))
        extra = special.expit(logit)
        return -float(np.log(extra * (x == 0) + (1 - extra) * plain).sum())

    assert ours > -best_negative(negative, [0.0, 1.0, 2.0], [(-9, 9), (-5, 5), (-4, 9)]) - 0.1
    assert float(jax.nn.sigmoid(p.logits[0])) == pytest.approx(np.mean(x == 0), abs=0.05)


@pytest.mark.slow
def test_levels_start_at_their_maximum_likelihood() -> None:
    """Beta-binomials, one of them U-shaped: at most 0.05 nats in all below scipy's optimum of 1,000 levels."""
    rng = np.random.default_rng(2)
    levels = np.stack([rng.binomial(16, rng.beta(a, b, 1000)) for a, b in ((0.3, 0.4), (6.0, 2.0))], -1)
    p = silent(BetaBinomial(16), levels.astype(np.float32) / 16)
    for d in range(2):
        alpha, beta = (float(getattr(p.base, name)[d]) for name in ("alpha", "beta"))

        def negative(logs: np.ndarray, x: np.ndarray = levels[:, d]) -> float:
            return -float(stats.betabinom.logpmf(x, 16, *np.exp(logs)).sum())

        assert negative(np.log([alpha, beta])) < best_negative(negative, [0.0, 0.0], [(-6, 6)] * 2) + 0.05


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize(
    "likelihood",
    [Poisson(), NegativeBinomial(), ZeroInflated(Poisson()), ZeroInflated(), BetaBinomial(16)],
    ids=lambda one: type(one).__name__,
)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_counts_that_never_change_have_a_finite_start(likelihood: Likelihood, value: float) -> None:
    data = np.full((1, 3), value, np.float32)  # of one example, too
    p = silent(likelihood, data)
    assert np.isfinite(float(p.log_prob(jnp.asarray(data[0]))))
    assert np.isfinite(float(p.log_prob(jnp.asarray(1.0 - data[0]))))


@pytest.mark.slow
def test_columns_that_never_change_have_a_finite_start() -> None:
    """A class that never occurs, a count that is always 0, a real column of one value: by one row, and by several."""
    for rows in (1, 4):
        data = np.tile(np.array([[-7.5, 0.0, 1.0, 2.0, 0.0]], np.float32), (rows, 1))
        p = silent(Mixed(), data)
        for x in (data[0], np.array([3.0, 2.0, 0.0, 0.0, 1.0], np.float32)):
            value, gradient = jax.value_and_grad(lambda p, x=x: p.log_prob(jnp.asarray(x)))(p)
            assert np.isfinite(float(value))
            assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


def test_a_row_starts_at_its_columns_shares_and_moments(table: np.ndarray) -> None:
    """A silent decoder: masses are the columns' own in any units, and the real column has its own spread."""
    p = silent(Mixed(), table)
    real, count, binary, ordinal, categorical = p.columns
    assert float(real.loc) == pytest.approx(table[:, 0].mean(), rel=1e-5)
    assert float(real.scale) == pytest.approx(1.001 * table[:, 0].std(), rel=1e-4)
    assert float(count.rate) == pytest.approx((table[:, 1].sum() + 1) / (ROWS + 1), rel=1e-3)
    assert float(binary.mean) == pytest.approx((table[:, 2].sum() + 1) / (ROWS + 2), rel=1e-5)
    for column, d, codes in ((ordinal, 3, 4), (categorical, 4, 3)):
        shares = (np.bincount(table[:, d].astype(int), minlength=codes) + 1) / (ROWS + codes)
        np.testing.assert_allclose(jax.nn.softmax(column.logits), shares, rtol=1e-4)


def test_a_row_is_scored_column_by_column(table: np.ndarray) -> None:
    """The density of a row by scipy, and the same row in other units: log p falls by the logarithm of the factor."""
    model, params = started(Mixed(), table)
    assert model.likelihood.parameter_shape(model) == (1 + 1 + 1 + 1 + 3,)
    outputs = jnp.asarray(np.random.default_rng(3).normal(size=7), jnp.float32)
    p: Any = model.likelihood.distribution(model, params, outputs)
    x, (real, count, binary, ordinal, categorical) = table[7], p.columns
    rate, r = float(count.rate), float(count.dispersion)
    expected = (
        stats.norm.logpdf(x[0], real.loc, real.scale)
        + stats.nbinom.logpmf(x[1], r, r / (r + rate))
        + stats.bernoulli.logpmf(x[2], special.expit(float(binary.logits)))
        + special.log_softmax(np.asarray(ordinal.logits))[int(x[3])]
        + special.log_softmax(np.asarray(categorical.logits))[int(x[4])]
    )
    np.testing.assert_allclose(p.log_prob(x), expected, rtol=1e-5)
    units = np.array([1e-3, 1, 1, 1, 1], np.float32)
    model, params = started(Mixed(), table * units)
    rescaled = model.likelihood.distribution(model, params, outputs).log_prob(jnp.asarray(x * units))
    np.testing.assert_allclose(rescaled, expected + np.log(1e3), rtol=1e-4)


def test_a_larger_location_means_higher_levels() -> None:
    p = [silent_ordinal(location) for location in (-20.0, 0.0, 20.0)]
    np.testing.assert_allclose([float(one.mean[0]) for one in p], [0.0, 1.5, 3.0], atol=1e-4)


def silent_ordinal(location: float) -> Any:
    likelihood = Mixed(("ordinal:4",))
    model = jv.VAE((1,), 2, likelihood=likelihood)
    params = {"likelihood": likelihood.init(jax.random.key(0), model, None)}
    return likelihood.distribution(model, params, jnp.array([location]))


@pytest.mark.slow
def test_what_the_encoder_is_shown(table: np.ndarray) -> None:
    model, params = started(Mixed(), table)
    shown = jax.vmap(lambda x: model.likelihood.encoder_input(model, params, x))(jnp.asarray(table))
    standard = (table[:, 0] - table[:, 0].mean()) / table[:, 0].std()
    one_hot = np.eye(3)[table[:, 4].astype(int)]
    expected = np.column_stack([standard, np.arcsinh(table[:, 1]), table[:, 2], table[:, 3] / 3, one_hot])
    np.testing.assert_allclose(shown, expected, rtol=1e-4, atol=1e-5)
    between = model.likelihood.encoder_input(
        model, params, jnp.array([0.0, 0.0, 0.0, 0.0, 1.25])
    )  # as a pseudo-input is
    np.testing.assert_allclose(between[-3:], [0.0, 0.75, 0.25])
    for likelihood in (Poisson(), ZeroInflated()):
        model, params = started(likelihood, table)
        np.testing.assert_allclose(
            likelihood.encoder_input(model, params, jnp.asarray(table[0])), np.arcsinh(table[0]), rtol=1e-5
        )


@pytest.mark.parametrize("constant", [0.1, 1234.567, -3e7, 0.0])
def test_a_real_column_that_never_changes_has_spread_1_whatever_rounding_says(constant: float) -> None:
    model = tiny_vae(likelihood=Mixed(("real",)), data_shape=(1,))
    params = jax.jit(model.likelihood.init, static_argnums=1)(jax.random.key(0), model, jnp.full((1437, 1), constant))
    assert params["0_real"]["fixed"]["spread"] == 1.0


def test_standardisation_is_not_learned(table: np.ndarray) -> None:
    """It is data: under `fixed`, where the optimiser leaves it."""
    _, params = started(Mixed(), table)
    assert set(params["likelihood"]["0_real"]) == {"raw_scale", "fixed"}


@pytest.mark.slow
def test_extra_zeros_are_added_to_any_likelihood_of_counts() -> None:
    """With the gate shut it is the likelihood itself, with the gate open only zeros have mass."""
    counts = np.random.default_rng(4).poisson(3.0, (ROWS, 3, 2)).astype(np.float32)
    for inner in (Poisson(), NegativeBinomial("decoded"), NegativeBinomial(2.0)):
        model, params = started(ZeroInflated(inner), counts)
        alone = silent_member(inner, model, params["likelihood"]["likelihood"])
        outputs = jnp.zeros(model.likelihood.parameter_shape(model))
        for gate, x, expected in (
            (-1e4, counts[0], alone.log_prob(counts[0])),
            (1e4, np.zeros((3, 2), np.float32), 0.0),
        ):
            p = model.likelihood.distribution(model, params, outputs.at[0].set(gate))
            np.testing.assert_allclose(p.log_prob(jnp.asarray(x)), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: NegativeBinomial(dispersion=0), "NegativeBinomial.dispersion must be > 0, got 0.0"),
        (
            lambda: NegativeBinomial(dispersion="decode"),
            "NegativeBinomial.dispersion must be one of per_dimension, decoded; got 'decode' (did you mean decoded?)",
        ),
        (lambda: BetaBinomial(0), "BetaBinomial.total_count must be >= 1, got 0"),
        (
            lambda: ZeroInflated(Normal()),
            "ZeroInflated.likelihood must be one of counts, got Normal: take Poisson, NegativeBinomial or BetaBinomial",
        ),
        (lambda: Mixed(()), "Mixed.columns must name the kind of each column, got none: write ('real', 'count')"),
        *(
            (
                lambda kind=kind: Mixed(("real", kind)),
                "Mixed.columns must be real, positive, count, binary, ordinal:K or categorical:K with K >= 2 codes, "
                f"such as ordinal:4; got {kind!r}{hint}",
            )
            for kind, hint in (
                ("cont", " (did you mean count?)"),
                ("ordinal", ""),
                ("categorical:1", ""),
                ("categorical:three", ""),
                ("real:3", ""),
            )
        ),
        (
            lambda: jv.VAE((4,), likelihood=Mixed(("real", "count", "real"))),
            "Mixed.columns describes rows of shape (3,), got data of shape (4,): name the kind of every column, such "
            "as `likelihood.columns=('real', 'count', 'categorical:3')`",
        ),
    ],
)
def test_a_bad_field_is_named(build: Any, message: str) -> None:
    with pytest.raises(jv.UserError) as error:
        build()
    assert str(error.value) == message
