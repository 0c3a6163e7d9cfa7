"""Every distribution over a joint event: normalised, sampled as it is scored, right in every kind of batch."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.objectives.score_function import with_score
from jaxvae.typing import Array
from tests.components import CLOSED_FORM_KL, DISTRIBUTIONS, JOINT, JointRow, Parameters
from tests.helpers import assert_finite, assert_mean, assert_trees_close, index, keys, mean_and_error
from tests.sizes import BATCH

NUM_DRAWS = 20_000

every_row = pytest.mark.parametrize("row", JOINT.values(), ids=JOINT)


def float32(parameters: Parameters) -> dict[str, Array]:
    return {name: jnp.asarray(value, jnp.float32) for name, value in parameters.items()}


class Case:
    """A batch of distributions of one row, and draws of each member, shared by the tests below."""

    def __init__(self, row: JointRow) -> None:
        self.row = row
        self.parameters = row.parameters(np.random.default_rng(1), BATCH)
        self.float32 = float32(self.parameters)
        self.direct = row.make(**self.float32, event_ndim=len(row.event_shape))
        self.one: Callable[[dict[str, Array]], Any] = lambda parameters: row.make(**parameters, event_ndim=None)
        self.vmapped = jax.vmap(self.one)(self.float32)
        self.draws = jax.jit(jax.vmap(self.direct.sample))(keys(3, NUM_DRAWS))  # [draws, batch, *event]
        self.log_probs = np.asarray(jax.jit(self.direct.log_prob)(self.draws), np.float64)  # [draws, batch]

    def member(self, i: int) -> Parameters:
        """The parameters of member `i`, in float64."""
        return {name: value[i] for name, value in self.parameters.items()}


@pytest.fixture(scope="module", params=JOINT.values(), ids=JOINT.keys())
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


@pytest.mark.fast_rows(2)
def test_density_sums_to_one(case: Case) -> None:
    for i in range(2):
        points, weights = case.row.nodes(case.member(i))
        assert points.shape == (len(weights), *case.row.event_shape)
        log_probs = jax.jit(case.one(index(case.float32, i)).log_prob)(jnp.asarray(points, case.draws.dtype))
        assert log_probs.shape == weights.shape
        total = np.sum(weights * np.exp(np.asarray(log_probs, np.float64)))
        np.testing.assert_allclose(total, 1.0, atol=1e-4)


@pytest.mark.fast_rows(2)
def test_samples_follow_the_density(case: Case) -> None:
    """Means, second moments and entropy of the draws against sums over nodes, within 6 standard errors."""
    for i in range(2):
        points, weights = case.row.nodes(case.member(i))
        log_density = case.row.log_prob(case.member(i), points)
        mass = weights * np.exp(log_density)
        flat, draws = points.reshape(len(points), -1), np.asarray(case.draws[:, i], np.float64).reshape(NUM_DRAWS, -1)
        rows, columns = np.triu_indices(flat.shape[1])
        statistics = [flat, flat[:, rows] * flat[:, columns]]
        observed = [draws, draws[:, rows] * draws[:, columns]]
        for expected, values in zip(statistics, observed, strict=True):
            mean, spread = mass @ expected, values.std(0, ddof=1)
            error = 6 * spread / np.sqrt(NUM_DRAWS) + 1e-4  # the allowance is for the quadrature
            assert np.all(np.abs(values.mean(0) - mean) < error), f"{values.mean(0)} against {mean} ± {error}"
        entropy = np.sum(mass * np.where(mass > 0, log_density, 0.0))
        error = 6 * case.log_probs[:, i].std(ddof=1) / np.sqrt(NUM_DRAWS) + 1e-4
        assert abs(case.log_probs[:, i].mean() - entropy) < error


def test_shares_of_draws_below_any_value_follow_the_density(case: Case) -> None:
    """The distribution function of each coordinate, between all values of the nodes, within 6 standard errors."""
    points, weights = case.row.nodes(case.member(1))
    mass = weights * np.exp(case.row.log_prob(case.member(1), points))
    draws = np.asarray(case.draws[:, 1], np.float64).reshape(NUM_DRAWS, -1)
    for nodes, values in zip(points.reshape(len(points), -1).T, draws.T, strict=True):
        places, which = np.unique(np.round(nodes, 9), return_inverse=True)
        shares = np.bincount(which, mass)
        expected = np.clip(np.cumsum(shares)[:-1], 0.0, 1.0)
        observed = np.searchsorted(np.sort(values), (places[1:] + places[:-1]) / 2) / NUM_DRAWS
        is_discrete = len(np.unique(values)) < 100
        cell = 0.0 if is_discrete else 0.5 * shares.max()  # the density within a cell of the quadrature is not known
        error = 6 * np.sqrt(expected * (1 - expected) / NUM_DRAWS) + cell + 1e-4
        assert np.all(np.abs(observed - expected) < error)


def test_log_prob_agrees_with_the_oracle(case: Case) -> None:
    for i in range(BATCH):
        expected = case.row.log_prob(case.member(i), np.asarray(case.draws[:50, i], np.float64))
        tolerance = case.row.tolerance
        np.testing.assert_allclose(case.log_probs[:50, i], expected, rtol=tolerance, atol=tolerance)


@pytest.mark.slow
def test_mean(case: Case) -> None:
    if case.row.has_mean:
        assert case.direct.mean.shape == case.draws.shape[1:]
        means, draws = np.asarray(case.direct.mean, np.float64), np.asarray(case.draws, np.float64)
        for i in range(BATCH):
            values = case.row.deviation(case.member(i), means[i], draws[:, i])
            assert np.all(np.abs(values.mean(0)) < 6 * values.std(0, ddof=1) / np.sqrt(NUM_DRAWS) + 1e-4)
    else:
        with pytest.raises(NotImplementedError, match="has no mean"):
            _ = case.direct.mean


@pytest.mark.fast_rows(2)
def test_log_prob_is_one_number_everywhere(case: Case) -> None:
    """One example at a time, on the batch, compiled, under vmap, and by an object that came out of vmap."""
    values, tolerance = case.draws[0], case.row.tolerance
    alone = jax.jit(lambda parameters, value: case.one(parameters).log_prob(value))
    looped = np.stack([alone(index(case.float32, i), values[i]) for i in range(BATCH)])
    assert looped.shape == (BATCH,)
    for way in (
        jax.jit(case.direct.log_prob)(values),
        jax.jit(case.vmapped.log_prob)(values),
        jax.jit(jax.vmap(lambda q, value: q.log_prob(value)))(case.vmapped, values),
    ):
        np.testing.assert_allclose(way, looped, rtol=tolerance, atol=tolerance)
    batch_of_batches = jax.jit(case.vmapped.log_prob)(case.draws[:7])  # values of a larger batch meet the parameters
    np.testing.assert_allclose(batch_of_batches, case.log_probs[:7], rtol=tolerance, atol=tolerance)


@pytest.mark.fast_rows(2)
def test_sample_under_vmap_is_the_sample_of_each_example(case: Case) -> None:
    one = jax.jit(lambda q, key: q.sample(key))
    looped = np.stack([one(case.one(index(case.float32, i)), key) for i, key in enumerate(keys(4, BATCH))])
    every = jax.jit(jax.vmap(lambda q, key: q.sample(key)))
    for way in (every(case.vmapped, keys(4, BATCH)), every(case.direct, keys(4, BATCH))):
        np.testing.assert_allclose(way, looped, rtol=2e-5, atol=2e-5)


@pytest.mark.fast_rows(2)
def test_noise_is_independent_across_the_batch(case: Case) -> None:
    """All correlations between members within 6 standard errors 1/√N."""
    draws = np.asarray(case.draws, np.float64).reshape(NUM_DRAWS, BATCH, -1)
    size = draws.shape[-1]
    correlations = np.corrcoef(draws.reshape(NUM_DRAWS, -1), rowvar=False)
    between = np.kron(np.eye(BATCH), np.ones((size, size))) == 0
    assert np.all(np.abs(correlations[between]) < 6 / np.sqrt(NUM_DRAWS))
    assert len(np.unique(draws[:3], axis=0)) == 3


def test_it_is_a_pytree_that_survives_vmap(case: Case) -> None:
    leaves, structure = jax.tree.flatten(case.direct)
    assert type(jax.tree.unflatten(structure, leaves)) is type(case.direct) is case.row.family
    assert_trees_close(jax.vmap(lambda q: q)(case.direct), case.direct, rtol=0, atol=0)
    alone = case.one(index(case.float32, 2))
    assert_trees_close(index(case.vmapped, 2), alone, rtol=1e-5, atol=1e-6)


@pytest.mark.fast_rows(2)
def test_joint_sample_and_log_prob_agree(case: Case) -> None:
    value, log_prob = jax.jit(jv.distributions.sample_and_log_prob)(jax.random.key(5), case.direct)
    tolerance = 10 * case.row.tolerance
    np.testing.assert_allclose(jax.jit(case.direct.log_prob)(value), log_prob, rtol=tolerance, atol=tolerance)


@pytest.mark.fast_rows(2)
def test_the_gradient_of_draws_and_score_is_that_of_the_expectation(case: Case) -> None:
    """∇E[f] for a bounded f, by 20,000 draws and by sums over nodes, within 6 standard errors.

    Nothing may be counted both through the draw and by the score, and nothing left out.
    """
    if not case.row.has_plain_gradient:
        return  # each such family has a test of its own

    def f(x: Array) -> Array:
        x = x.reshape(-1).astype(jnp.float32)  # classes are integers
        return jnp.sum(jnp.sin((1.0 + 0.3 * jnp.arange(x.size, dtype=x.dtype)) * x))

    def of_a_draw(parameters: dict[str, Array], key: jax.Array) -> Array:
        q = case.one(parameters)
        x = q.sample(key)
        score = jnp.zeros(()) if q.is_reparameterized else q.score_term(x)
        return with_score(f(x), score)

    points, weights = case.row.nodes(case.member(0))
    points, weights = jnp.asarray(points, case.draws.dtype), jnp.asarray(weights, jnp.float32)

    def expectation(parameters: dict[str, Array]) -> Array:
        return jnp.sum(weights * jax.vmap(f)(points) * jnp.exp(case.one(parameters).log_prob(points)))

    parameters = index(case.float32, 0)
    expected = jax.jit(jax.grad(expectation))(parameters)
    sampled = jax.jit(jax.vmap(jax.grad(of_a_draw), (None, 0)))(parameters, keys(6, NUM_DRAWS))
    for name, values in sampled.items():
        mean, error = mean_and_error(values)
        assert np.all(np.abs(mean - expected[name]) < 6 * error + 2e-3), name  # the allowance is for the quadrature


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize(
    ("row", "parameters", "value"),
    [
        pytest.param(row, *extreme, id=f"{name}-{i}")
        for name, row in JOINT.items()
        for i, extreme in enumerate(row.extremes)
    ],
)
def test_value_and_gradient_are_finite_far_out(row: JointRow, parameters: dict[str, Any], value: Any) -> None:
    parameters = {name: jnp.asarray(array, jnp.float32) for name, array in parameters.items()}
    value = jnp.asarray(value, jnp.float32)
    both = jax.value_and_grad(lambda parameters: row.make(**parameters, event_ndim=None).log_prob(value))
    assert_finite(jax.jit(both)(parameters))


@pytest.mark.fast_rows(2)
def test_float32_agrees_with_float64(case: Case) -> None:
    with jax.enable_x64(True):
        exact = case.row.make(
            **{name: jnp.asarray(value) for name, value in case.parameters.items()},
            event_ndim=len(case.row.event_shape),
        )
        values = np.asarray(case.draws[0])
        is_real = np.issubdtype(values.dtype, np.floating)
        log_prob = jax.jit(exact.log_prob)(jnp.asarray(values, np.float64 if is_real else values.dtype))
        assert log_prob.dtype == jnp.float64
        expected = np.asarray(log_prob)
    tolerance = case.row.tolerance
    np.testing.assert_allclose(case.log_probs[0], expected, rtol=tolerance, atol=tolerance)


def make(name: str, seed: int, event_shape: tuple[int, ...]) -> Any:
    """Two members of a row of either table; the event of a joint one is its own."""
    rng = np.random.default_rng(seed)
    if name in JOINT:
        return JOINT[name].make(**float32(JOINT[name].parameters(rng, 2)), event_ndim=len(JOINT[name].event_shape))
    parameters = float32(DISTRIBUTIONS[name].parameters(rng, (2, *event_shape)))
    return DISTRIBUTIONS[name].make(**parameters, event_ndim=len(event_shape))


PAIRS = {(q, p) for q, row in JOINT.items() for p in row.closed_form_kl} | {
    (q, p) for q, p in CLOSED_FORM_KL if p in JOINT
}


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("name", JOINT)
def test_a_pair_says_truly_whether_it_has_a_closed_form(name: str) -> None:
    """With every row of either table over events of the same shape."""
    shape = JOINT[name].event_shape
    others = [other for other in (*JOINT, *DISTRIBUTIONS) if other not in JOINT or JOINT[other].event_shape == shape]
    claims = {
        (q, p)
        for other in others
        for q, p in ((name, other), (other, name))
        if jax.eval_shape(jv.distributions.closed_form_kl, make(q, 1, shape), make(p, 2, shape)) is not None
    }
    assert claims == {(q, p) for q, p in PAIRS if name in (q, p) and {q, p} <= {name, *others}}


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize(("q", "p"), sorted(PAIRS))
def test_closed_form_kl_is_the_mean_of_100_000_log_ratios(q: str, p: str) -> None:
    """Two members within 6 standard errors; the same against an un-batched other, and 0 at equality."""
    shape = JOINT[q if q in JOINT else p].event_shape
    one, other = make(q, 7, shape), make(p, 8, shape)
    assert jax.eval_shape(jv.distributions.closed_form_kl, one, other) is not None
    alone = index(other, 0)

    @jax.jit
    def divergences(one: Any, other: Any) -> tuple[jax.Array, ...]:
        """Of pairs, of each against one un-batched other, the same in turn, and of each against itself."""
        members = [jax.tree.map(lambda leaf, i=i: leaf[i], one) for i in range(2)]
        return (
            jv.kl_divergence(one, other).value,
            jax.vmap(lambda one: jv.kl_divergence(one, alone).value)(one),
            jnp.stack([jv.kl_divergence(member, alone).value for member in members]),
            jv.kl_divergence(one, one).value if q == p else jnp.zeros(2),
        )

    kl, against_alone, in_turn, against_itself = divergences(one, other)
    assert kl.shape == (2,)

    @jax.jit
    @jax.vmap
    def log_ratio(key: jax.Array) -> jax.Array:
        value = one.sample(key)
        return one.log_prob(value) - other.log_prob(value)

    ratios = log_ratio(keys(0, 100_000))
    if np.all(np.std(ratios, axis=0) < 1e-5):
        np.testing.assert_allclose(kl, ratios[0], rtol=1e-4, atol=1e-4)  # a uniform pair: no spread
    else:
        assert_mean(ratios, kl, standard_errors=6)
    np.testing.assert_allclose(against_alone, in_turn, rtol=1e-4)
    np.testing.assert_allclose(against_itself, np.zeros(2), atol=1e-4)
