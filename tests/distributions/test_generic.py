"""Every distribution of the table: densities, samples, batches, and agreement with scipy and numpyro."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jaxvae.typing import Array
from tests import oracles
from tests.components import DISTRIBUTIONS, DistributionRow, Parameters
from tests.helpers import assert_finite, assert_mean, assert_trees_close, index, keys
from tests.sizes import BATCH, SAMPLES

EVENT = (3, 2)
NUM_DRAWS = 20_000

every_row = pytest.mark.parametrize("row", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)


def float32(parameters: Parameters) -> dict[str, Array]:
    return {name: jnp.asarray(value, jnp.float32) for name, value in parameters.items()}


def like_sample(distribution: Any, values: np.ndarray) -> Array:
    """`values` in the dtype that the distribution samples."""
    return jnp.asarray(values, jax.eval_shape(lambda: distribution.sample(jax.random.key(0))).dtype)


class Case:
    """A batch of distributions of one row with values to score, all shared by the tests below."""

    def __init__(self, row: DistributionRow) -> None:
        self.row = row
        self.shape = (BATCH, *EVENT)
        self.parameters = row.parameters(np.random.default_rng(1), self.shape)
        self.float32 = float32(self.parameters)
        self.values64 = oracles.draws(row, self.parameters, (), self.shape)
        self.make = partial(row.make, event_ndim=len(EVENT))
        self.direct = self.make(**self.float32)
        self.vmapped = jax.vmap(lambda parameters: row.make(**parameters))(self.float32)  # event_ndim: all axes
        self.values = like_sample(self.direct, self.values64)
        self.log_probs = self.direct.log_prob(self.values)


@pytest.fixture(scope="module", params=DISTRIBUTIONS.values(), ids=DISTRIBUTIONS.keys())
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


@pytest.mark.fast_rows(2)
@every_row
def test_density_sums_to_one_over_two_components(row: DistributionRow) -> None:
    parameters = row.parameters(np.random.default_rng(2), (2,))
    grids, weights = [], []
    for where in np.ndindex(2):
        points, weight = oracles.nodes(oracles.component(row, parameters, where))
        grids.append(points)
        weights.append(weight)
    values = np.stack(np.meshgrid(*grids, indexing="ij"), axis=-1)  # [points, points', 2]
    distribution = row.make(**float32(parameters))
    log_probs = distribution.log_prob(like_sample(distribution, values))
    assert log_probs.shape == values.shape[:-1]
    total = np.sum(np.exp(np.asarray(log_probs, np.float64)) * np.multiply.outer(*weights))
    np.testing.assert_allclose(total, 1.0, atol=2e-6)


@pytest.mark.fast_rows(2)
@every_row
def test_samples_follow_the_density(row: DistributionRow) -> None:
    """Mean and variance within 6 standard errors, goodness of fit above p = 1e-8: 6 components, 18 assertions."""
    parameters = row.parameters(np.random.default_rng(3), EVENT)
    distribution = row.make(**float32(parameters))
    draws = np.asarray(jax.jit(jax.vmap(distribution.sample))(keys(3, NUM_DRAWS)), np.float64)
    assert draws.shape == (NUM_DRAWS, *EVENT)
    for where in np.ndindex(*EVENT):
        oracle, values = oracles.component(row, parameters, where), draws[(..., *where)]
        mean, variance, excess_kurtosis = (float(moment) for moment in oracle.stats(moments="mvk"))
        assert abs(values.mean() - mean) < 6 * np.sqrt(variance / NUM_DRAWS)
        variance_error = variance * np.sqrt((excess_kurtosis + 2) / NUM_DRAWS)
        assert abs(values.var(ddof=1) - variance) < 6 * variance_error + 1e-9
        if oracles.is_continuous(oracle):
            assert stats.kstest(values, oracle.cdf).pvalue > 1e-8
        else:
            points, _ = oracles.nodes(oracle)
            counts = (values[:, None] == points).sum(0)
            assert counts.sum() == NUM_DRAWS, "a draw lies outside the support"
            expected = NUM_DRAWS * oracle.pmf(points) / oracle.pmf(points).sum()
            rare = expected < 10  # taken together: the law of the statistic needs a few draws in each cell
            observed = np.append(counts[~rare], counts[rare].sum())
            expected = np.append(expected[~rare], expected[rare].sum())
            filled = expected > 0
            assert stats.chisquare(observed[filled], expected[filled]).pvalue > 1e-8
    if row.has_mean:
        means = [oracles.component(row, parameters, where).mean() for where in np.ndindex(*EVENT)]
        np.testing.assert_allclose(distribution.mean, np.reshape(means, EVENT), rtol=1e-5)
    else:
        with pytest.raises(NotImplementedError, match="has no mean"):
            _ = distribution.mean


def test_log_prob_agrees_with_scipy(case: Case) -> None:
    expected = oracles.log_prob(case.row, case.parameters, case.values64, case.shape).sum((-2, -1))
    np.testing.assert_allclose(case.log_probs, expected, rtol=1e-5, atol=1e-5)


KNOWN_TO_NUMPYRO = {name: row for name, row in DISTRIBUTIONS.items() if row.numpyro is not None}


@pytest.mark.slow
@pytest.mark.parametrize("case", KNOWN_TO_NUMPYRO.values(), ids=KNOWN_TO_NUMPYRO.keys(), indirect=True)
def test_log_prob_agrees_with_numpyro(case: Case) -> None:
    assert case.row.numpyro is not None
    with jax.numpy_dtype_promotion("standard"):  # numpyro mixes bool and float
        theirs = case.row.numpyro(**case.float32).to_event(len(EVENT)).log_prob(case.values)
    np.testing.assert_allclose(case.log_probs, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.fast_rows(2)
def test_log_prob_is_one_number_everywhere(case: Case) -> None:
    """One example at a time, on the batch, compiled, under vmap, and by an object that came out of vmap."""

    def one(parameters: dict[str, Array], value: Array) -> Array:
        return case.row.make(**parameters).log_prob(value)

    alone = jax.jit(one)
    looped = np.stack([alone(index(case.float32, i), case.values[i]) for i in range(BATCH)])
    assert looped.shape == (BATCH,)
    for way in (
        case.log_probs,
        case.vmapped.log_prob(case.values),
        jax.jit(lambda q, values: q.log_prob(values))(case.direct, case.values),
        jax.vmap(one)(case.float32, case.values),
        jax.jit(jax.vmap(lambda q, value: q.log_prob(value)))(case.vmapped, case.values),
    ):
        np.testing.assert_allclose(way, looped, rtol=2e-6, atol=2e-6)


@pytest.mark.fast_rows(2)
def test_sample_under_vmap_is_the_sample_of_each_example(case: Case) -> None:
    one = jax.jit(lambda q, key: q.sample(key))
    looped = np.stack([one(index(case.vmapped, i), key) for i, key in enumerate(keys(4, BATCH))])
    assert looped.shape == case.shape
    every = jax.jit(jax.vmap(lambda q, key: q.sample(key)))
    for way in (every(case.vmapped, keys(4, BATCH)), every(case.direct, keys(4, BATCH))):
        np.testing.assert_allclose(way, looped, rtol=2e-6, atol=2e-6)


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("made", ["direct", "vmapped"])
def test_noise_is_independent_across_the_batch(case: Case, made: str) -> None:
    """All 435 correlations of 30 components within 6 standard errors 1/√N: fails with probability 1e-6."""
    q = getattr(case, made)
    draws = np.asarray(jax.jit(jax.vmap(q.sample))(keys(5, 4000)), np.float64)
    assert draws.shape == (4000, *case.shape)
    correlations = np.corrcoef(draws.reshape(4000, -1), rowvar=False)
    assert np.all(np.abs(correlations - np.eye(len(correlations))) < 6 / np.sqrt(4000))
    for i in range(BATCH):  # and each member of the batch follows its own parameters
        expected = [oracles.component(case.row, case.parameters, (i, *where)).mean() for where in np.ndindex(*EVENT)]
        assert_mean(draws[:, i], np.reshape(expected, EVENT), standard_errors=6)


@pytest.mark.fast_rows(2)
def test_parameters_and_values_of_different_batches_broadcast(case: Case) -> None:
    """Batched values meet un-batched parameters, un-batched values batched parameters: `[*batch]` comes out."""
    row, parameters = case.row, index(case.parameters, 0)
    values = oracles.draws(row, parameters, (SAMPLES, BATCH), EVENT)
    single = row.make(**float32(parameters))
    expected = oracles.log_prob(row, parameters, values, EVENT).sum((-2, -1))
    assert expected.shape == (SAMPLES, BATCH)
    np.testing.assert_allclose(single.log_prob(like_sample(single, values)), expected, rtol=1e-5, atol=1e-5)

    values = oracles.draws(row, case.parameters, (SAMPLES,), case.shape)
    expected = oracles.log_prob(row, case.parameters, values, case.shape).sum((-2, -1))
    np.testing.assert_allclose(case.vmapped.log_prob(like_sample(single, values)), expected, rtol=1e-5, atol=1e-5)

    value = values[0, 0]
    expected = oracles.log_prob(row, case.parameters, np.broadcast_to(value, case.shape), case.shape).sum((-2, -1))
    np.testing.assert_allclose(case.vmapped.log_prob(like_sample(single, value)), expected, rtol=1e-5, atol=1e-5)


def test_it_is_a_pytree_that_survives_vmap(case: Case) -> None:
    leaves, structure = jax.tree.flatten(case.direct)
    rebuilt = jax.tree.unflatten(structure, leaves)
    assert type(rebuilt) is type(case.direct)
    assert rebuilt.event_ndim == len(EVENT)
    assert_trees_close(rebuilt, case.direct, rtol=0, atol=0)
    assert_trees_close(jax.vmap(lambda q: q)(case.direct), case.direct, rtol=0, atol=0)
    assert_trees_close(case.vmapped, case.direct, rtol=0, atol=0)
    alone = case.row.make(**index(case.float32, 2))
    assert_trees_close(index(case.vmapped, 2), alone, rtol=0, atol=0)


@pytest.mark.fast_rows(2)
@every_row
def test_values_and_gradients_are_finite_far_out(row: DistributionRow) -> None:
    """All extremes of a row at once, each by itself under vmap."""
    parameters = {
        name: jnp.asarray([[extreme.parameters[name]] for extreme in row.extremes], jnp.float32)
        for name in row.extremes[0].parameters
    }
    values = like_sample(row.make(**parameters), np.asarray([[extreme.value] for extreme in row.extremes]))
    both = jax.value_and_grad(lambda parameters, value: row.make(**parameters).log_prob(value))
    log_probs, gradients = jax.jit(jax.vmap(both))(parameters, values)
    np.testing.assert_allclose(log_probs, [extreme.log_prob for extreme in row.extremes], rtol=1e-5, atol=1e-5)
    assert_finite(gradients)


@pytest.mark.fast_rows(2)
def test_float32_agrees_with_float64(case: Case) -> None:
    with jax.enable_x64(True):
        exact = case.make(**{name: jnp.asarray(value) for name, value in case.parameters.items()})
        log_prob = exact.log_prob(like_sample(exact, case.values64))
        assert log_prob.dtype == jnp.float64
        if case.row.has_mean:
            assert exact.sample(jax.random.key(6)).dtype == jnp.float64
        expected = np.asarray(log_prob)
    assert case.log_probs.dtype == jnp.float32
    np.testing.assert_allclose(case.log_probs, expected, rtol=1e-5, atol=1e-5)
