"""Sums of terms: each term, what is claimed of independence, and what wrappers hand on of what they wrap."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxvae import bijectors, distributions, posteriors, priors
from jaxvae.distributions import (
    Distribution,
    IndependentTerms,
    SumOfTerms,
    is_reparameterized,
    is_straight_through,
    per_dimension,
)
from jaxvae.objectives import IWAE
from tests.components import DISTRIBUTIONS, JOINT
from tests.distributions.test_joint import make
from tests.helpers import init, tiny_vae

NAMES = (*DISTRIBUTIONS, *JOINT)
DEPENDENT = (  # families whose components are not independent: those, and no others
    "Autoregressive", "AutoregressiveBernoulli", "AutoregressiveCategorical", "CodebookVectors", "Concrete",
    "DiscretizedLogisticMixtureRGB", "HypersphericalUniform", "LowRankNormal", "Mixture", "MultivariateNormal",
    "OneHot", "PoincareNormal", "Quantized", "StraightThrough", "Transformed", "VonMisesFisher",
)  # fmt: skip


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("name", NAMES)
def test_terms_sum_to_the_density_and_depend_on_their_own_component_alone(name: str) -> None:
    distribution = make(name, 3, (4,))
    family = type(distribution)
    is_joined = family is distributions.Joined
    assert (isinstance(distribution, IndependentTerms) or is_joined) == (family.__name__ not in DEPENDENT)
    one = jax.tree.map(lambda leaf: leaf[0], distribution)
    independent = per_dimension(one)
    assert (independent is not None) == isinstance(one, IndependentTerms) or is_joined
    if independent is None:
        return

    @jax.jit
    def both(key: jax.Array) -> tuple[jax.Array, ...]:
        first, second = (one.sample(key) for key in jax.random.split(key))
        changed = first.at[0].set(second[0])
        terms = one.log_prob_terms(first) if isinstance(one, SumOfTerms) else independent.log_prob(first)
        return one.log_prob(first), terms, independent.log_prob(first), independent.log_prob(changed)

    log_prob, terms, separate, changed = both(jax.random.key(1))
    np.testing.assert_allclose(np.sum(np.asarray(terms, np.float64)), log_prob, rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(separate, terms, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(changed[1:], separate[1:], rtol=1e-5, atol=1e-5)


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("name", NAMES)
def test_nan_has_no_probability_that_is_a_number(name: str) -> None:
    """A NaN that is cast to an integer would be scored as a class."""
    one = jax.tree.map(lambda leaf: leaf[0], make(name, 3, (4,)))
    value = jax.jit(one.sample)(jax.random.key(0))
    if jnp.issubdtype(value.dtype, jnp.floating):
        first = (0,) * value.ndim
        log_prob = jax.jit(one.log_prob)(value.at[first].set(jnp.nan))
        assert np.isnan(log_prob)


def test_a_continuous_bernoulli_has_no_mass_outside_of_0_to_1() -> None:
    p = distributions.ContinuousBernoulli(jnp.zeros(1))
    assert [float(p.log_prob(jnp.full(1, x))) for x in (7.0, -0.5, 0.0, 1.0)] == [-jnp.inf, -jnp.inf, 0.0, 0.0]


_LOGITS = jnp.zeros(2)
_STRAIGHT = distributions.StraightThrough(distributions.Bernoulli(_LOGITS), distributions.BinaryConcrete(_LOGITS, 0.5))
_DISCRETE, _NORMAL = distributions.Bernoulli(_LOGITS), distributions.Normal(_LOGITS, 1.0)
_COLUMNS = {
    "straight": distributions.StraightThrough(
        distributions.Bernoulli(jnp.zeros(()), 0), distributions.BinaryConcrete(jnp.zeros(()), 0.5, 0)
    ),
    "discrete": distributions.Bernoulli(jnp.zeros(()), 0),
    "normal": distributions.Normal(jnp.zeros(()), 1.0, 0),
}
_WRAPPERS: dict[str, Callable[[str, Any], Distribution]] = {
    "Joined, first": lambda kind, inner: distributions.Joined(inner, _NORMAL, 2),
    "Joined, second": lambda kind, inner: distributions.Joined(_NORMAL, inner, 2),
    "Columns": lambda kind, inner: distributions.Columns((_COLUMNS["normal"], _COLUMNS[kind])),
    "Transformed": lambda kind, inner: distributions.Transformed(
        inner, bijectors.Permutation(), {"weights": {}, "context": jnp.zeros(0)}
    ),
}


@pytest.mark.parametrize("wrapper", _WRAPPERS)
@pytest.mark.parametrize(
    ("kind", "inner", "reparameterized", "straight"),
    [("straight", _STRAIGHT, True, True), ("discrete", _DISCRETE, False, False), ("normal", _NORMAL, True, False)],
)
def test_wrappers_hand_on_every_property(
    wrapper: str, kind: str, inner: Any, reparameterized: bool, straight: bool
) -> None:
    wrapped = _WRAPPERS[wrapper](kind, inner)
    assert is_reparameterized(wrapped) == reparameterized
    assert is_straight_through(wrapped) == straight
    if wrapper != "Transformed":
        assert wrapped.has_independent_components == (
            kind != "straight" or wrapper == "Columns"
        )  # columns are one each
        assert wrapped.mean.shape == jax.eval_shape(wrapped.sample, jax.random.key(0)).shape
    mixture = distributions.Mixture(jnp.zeros(3), jax.vmap(lambda _: inner)(jnp.zeros(3)))
    assert is_straight_through(mixture) == straight


@pytest.mark.parametrize("estimator", ["sticking_the_landing", "doubly_reparameterized"])
def test_straight_through_inside_noise_is_refused_by_estimators_of_the_path(estimator: Any) -> None:
    model = tiny_vae(
        latent_dim=5,
        posterior=posteriors.WithNoise(posteriors.BinaryConcrete(straight_through=True)),
        prior=priors.WithNoise(priors.UniformBernoulli()),
    )
    params, x = init(model, jax.random.key(0)), jnp.ones(model.data_shape)
    with pytest.raises(ValueError, match="own gradient, got WithNoise"):
        jax.eval_shape(lambda key: IWAE(3, estimator).bound(model, params, key, x, jnp.asarray(0)), jax.random.key(1))


@pytest.mark.parametrize("estimator", ["sticking_the_landing", "doubly_reparameterized"])
def test_forward_mode_gives_the_gradient_of_reverse_mode(estimator: Any) -> None:
    model = tiny_vae()
    params, x = init(model, jax.random.key(0)), jnp.ones(model.data_shape)
    direction = jax.tree.map(jnp.ones_like, params)

    @jax.jit
    def both(params: Any) -> tuple[jax.Array, Any]:
        def bound(params: Any) -> jax.Array:
            return IWAE(3, estimator).bound(model, params, jax.random.key(1), x, jnp.asarray(0))[0]

        return jax.jvp(bound, (params,), (direction,))[1], jax.grad(bound)(params)

    forward, reverse = both(params)
    np.testing.assert_allclose(forward, sum(jnp.sum(leaf) for leaf in jax.tree.leaves(reverse)), rtol=1e-4)
