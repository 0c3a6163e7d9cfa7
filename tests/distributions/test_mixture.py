"""Mixtures and joined distributions: exact gradients of expectations, any component family, what is refused."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.distributions import Bernoulli, Categorical, Joined, LowRankNormal, Mixture, MultivariateNormal, Normal
from jaxvae.objectives.score_function import with_score
from jaxvae.typing import Array
from tests.components import JOINT
from tests.helpers import assert_mean, assert_trees_close, index, keys, mean_and_error
from tests.sizes import BATCH

WAVES = np.array([0.7, -1.1, 0.4])


def wave(value: Array) -> Array:
    """A function of one event that no symmetry makes easy, with a mean far from 0."""
    return 3.0 + jnp.sum(jnp.sin(value * jnp.asarray(WAVES, value.dtype)[: value.shape[-1]] + 0.3)) + jnp.prod(value)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Mixture", "Mixture-full", "Mixture-bits", "Joined"])
def test_gradient_of_an_expectation_is_exact(name: str) -> None:
    """∇E[f] of every parameter: f + stop(f) · score over 100,000 draws against the gradient of a sum over nodes.

    Within 6 standard errors, which are small against the gradient.
    """
    row = JOINT[name]
    parameters = {key: value[0] for key, value in row.parameters(np.random.default_rng(5), 1).items()}
    points, weights = row.nodes(parameters)
    with jax.enable_x64(True):

        def expectation(parameters: dict[str, Array]) -> Array:
            density = jnp.exp(row.make(**parameters, event_ndim=None).log_prob(jnp.asarray(points, float)))
            return jnp.sum(jnp.asarray(weights) * density * jax.vmap(wave)(jnp.asarray(points, float)))

        exact = jax.jit(jax.grad(expectation))({key: jnp.asarray(value) for key, value in parameters.items()})
        exact = jax.tree.map(np.asarray, exact)

    def estimate(parameters: dict[str, Array], key: Array) -> Array:
        q = row.make(**parameters, event_ndim=None)
        value = q.sample(key)
        is_exact = jv.distributions.is_reparameterized(q)
        return with_score(wave(value), 0.0 if is_exact else jv.distributions.score_term(q, value))

    float32 = {key: jnp.asarray(value, jnp.float32) for key, value in parameters.items()}
    gradients = jax.jit(jax.vmap(jax.grad(estimate), (None, 0)))(float32, keys(6, 100_000))
    for key, values in gradients.items():
        varies = np.std(np.asarray(values), axis=0) > 0
        np.testing.assert_allclose(exact[key][~varies], 0.0, atol=1e-4)  # entries above a diagonal
        assert_mean(values[:, varies], exact[key][varies], standard_errors=6)
        _, error = mean_and_error(values[:, varies])
        assert np.max(np.abs(exact[key][varies]) / error) > 10, f"{key}: too noisy to tell"


def test_a_posterior_s_draw_carries_the_score_of_the_choice_alone() -> None:
    """Reparameterized components learn through z, others by the score: never by both."""
    normal = Mixture(jnp.array([0.3, -0.5]), Normal(jnp.array([[0.1], [0.9]]), 0.7, event_ndim=1))
    value = jnp.array([0.4])
    gradient = jax.grad(lambda q: q.score_term(value))(normal)
    densities = np.exp([Normal(jnp.array([loc]), 0.7).log_prob(value) for loc in (0.1, 0.9)])
    weights = np.asarray(jax.nn.softmax(normal.logits))
    responsibilities = weights * densities / np.sum(weights * densities)
    np.testing.assert_allclose(gradient.logits, responsibilities - weights, rtol=1e-5)
    assert_trees_close(gradient.components, jax.tree.map(jnp.zeros_like, normal.components), rtol=0, atol=0)

    bits = Mixture(normal.logits, Bernoulli(jnp.array([[0.1], [0.9]]), event_ndim=1))
    gradient = jax.grad(lambda q: q.score_term(jnp.ones(1)))(bits)
    assert np.all(gradient.components.logits != 0)


FAMILIES: dict[str, Any] = {
    "Normal": lambda rng: Normal(rng.normal(size=3), np.exp(rng.normal(size=3))),
    "Normal of a matrix": lambda rng: Normal(rng.normal(size=(2, 3)), np.exp(rng.normal(size=(2, 3)))),
    "MultivariateNormal": lambda rng: MultivariateNormal(jnp.asarray(rng.normal(size=3), float), jnp.eye(3)),
    "LowRankNormal": lambda rng: LowRankNormal(
        *(jnp.asarray(rng.normal(size=shape), float) for shape in ((3,), (3, 2))), jnp.ones(3)
    ),
    "Categorical": lambda rng: Categorical(rng.normal(size=(2, 4))),
    "Mixture": lambda rng: Mixture(
        jnp.asarray(rng.normal(size=2), float), Normal(rng.normal(size=(2, 3)), 1.0, event_ndim=1)
    ),
    "Joined": lambda rng: Joined(Normal(rng.normal(size=2), 1.0), Normal(rng.normal(size=1), 1.0), split=2),
}


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_any_family_can_be_mixed_and_batched(family: Any) -> None:
    """Density by hand from each component, draws of the component that has all the weight, batch axes by vmap."""
    rng = np.random.default_rng(1)
    members = [[family(rng) for _ in range(4)] for _ in range(BATCH)]
    logits = jnp.asarray(rng.normal(size=(BATCH, 4)), float)
    mixture = jax.vmap(Mixture)(logits, jv.stack([jv.stack(row) for row in members]))
    values = mixture.sample(jax.random.key(1))
    assert values.shape == (BATCH, *members[0][0].sample(jax.random.key(0)).shape)
    each = np.array([[one.log_prob(values[i]) for one in members[i]] for i in range(BATCH)])
    expected = np.log(np.sum(np.exp(each) * np.asarray(jax.nn.softmax(logits)), axis=1))
    np.testing.assert_allclose(mixture.log_prob(values), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(jax.vmap(lambda q, x: q.log_prob(x))(mixture, values), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(index(mixture, 2).log_prob(values[2]), expected[2], rtol=1e-5, atol=1e-5)

    alone = Mixture(jnp.array([-jnp.inf, -jnp.inf, 0.0, -jnp.inf]), jv.stack(members[0]))
    np.testing.assert_allclose(alone.log_prob(values[0]), members[0][2].log_prob(values[0]), rtol=1e-5)
    _, key = jax.random.split(jax.random.key(2))
    np.testing.assert_allclose(alone.sample(jax.random.key(2)), members[0][2].sample(key), rtol=1e-5)


def test_a_component_without_weight_passes_no_gradient() -> None:
    components = Normal(jnp.array([[1e4], [0.0]]), jnp.array([[1e-4], [1.0]]), event_ndim=1)
    mixture = Mixture(jnp.array([-jnp.inf, 0.0]), components)
    gradient = jax.grad(lambda q: Mixture(mixture.logits, q).log_prob(jnp.array([0.5])))(components)
    np.testing.assert_allclose(gradient.loc, [[0.0], [0.5]])
    np.testing.assert_allclose(gradient.scale, [[0.0], [-0.75]])


def test_the_share_of_each_component_is_its_weight() -> None:
    """20,000 draws of four far components, each share within 6 standard errors."""
    logits = jnp.array([0.0, 1.0, -1.0, 0.5])
    mixture = Mixture(logits, Normal(1e3 * jnp.arange(4.0)[:, None], 1.0, event_ndim=1))
    picked = np.round(np.asarray(jax.jit(jax.vmap(mixture.sample))(keys(3, 20_000)))[:, 0] / 1e3)
    assert_mean(picked[:, None] == np.arange(4), jax.nn.softmax(logits), standard_errors=6)


def test_arrays_without_the_component_axis_are_refused_in_one_line() -> None:
    with pytest.raises(
        ValueError, match=r"must start with the axes of its logits \(3,\), got shape \(2,\): build"
    ) as e:
        Mixture(jnp.zeros(3), Normal(jnp.zeros(2), 1.0))
    assert "\n" not in str(e.value)


def test_a_mixture_of_what_has_no_mean_has_none() -> None:
    mixture = Mixture(jnp.zeros(3), Categorical(jnp.zeros((3, 2, 4)), event_ndim=1))
    with pytest.raises(NotImplementedError, match="Categorical has no mean"):
        _ = mixture.mean


@pytest.mark.slow
def test_low_rank_density_stays_accurate_where_the_factors_are_far_longer_than_the_scale() -> None:
    """Along and across a factor 10,000 scales long, against float64: rounding alone is 1e-7 of the squared distance."""
    rng = np.random.default_rng(2)
    factor, scale = rng.normal(size=(6, 2)), np.full(6, 1e-4)
    draws = factor @ rng.normal(size=(2, 50)) + scale[:, None] * rng.normal(size=(6, 50))
    with jax.enable_x64(True):
        parameters = (np.zeros(6), factor, scale)
        values = draws.T.astype(np.float32).astype(float)
        parameters = [jnp.asarray(p.astype(np.float32).astype(float)) for p in parameters]
        expected = np.asarray(LowRankNormal(*parameters).log_prob(jnp.asarray(values)))
    ours = LowRankNormal(*(jnp.asarray(p, jnp.float32) for p in parameters)).log_prob(jnp.asarray(values, jnp.float32))
    np.testing.assert_allclose(ours, expected, atol=0.05)
