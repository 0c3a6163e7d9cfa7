"""A density of codes: moments and log-densities against numpy and scipy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxvae as jv
from jaxvae.evaluation import fit_code_density
from tests.helpers import assert_mean, keys


def codes() -> np.ndarray:
    """Two clusters in 3 dimensions."""
    rng = np.random.default_rng(0)
    first = rng.multivariate_normal([3, 0, 1], [[1, 0.5, 0], [0.5, 2, 0], [0, 0, 0.1]], 300)
    return np.concatenate([first, rng.normal([-3, 1, 0], 0.5, (200, 3))])


def test_normal_is_the_maximum_likelihood_fit() -> None:
    values = codes()
    density = fit_code_density(values)
    expected = stats.multivariate_normal(values.mean(0), np.cov(values, rowvar=False, bias=True)).logpdf(values[:5])
    np.testing.assert_allclose(density.log_prob(jnp.asarray(values[:5], jnp.float32)), expected, rtol=1e-4)
    assert_mean(jax.jit(jax.vmap(density.sample))(keys(1, 4000)), values.mean(0))


@pytest.mark.slow
def test_mixture_integrates_samples_and_beats_the_normal() -> None:
    values = codes()
    normal, mixture = fit_code_density(values), fit_code_density(values, "mixture")
    x = jnp.asarray(values, jnp.float32)
    assert np.mean(mixture.log_prob(x)) > np.mean(normal.log_prob(x)) + 0.5
    drawn = jax.jit(jax.vmap(mixture.sample))(keys(2, 4000))
    assert_mean(drawn, values.mean(0), standard_errors=6)
    # E_mixture[normal / mixture] = 1: the density is that of its draws, and integrates to 1
    assert_mean(jnp.exp(normal.log_prob(drawn) - mixture.log_prob(drawn)).clip(max=1e3), 1.0, standard_errors=8)
    again = fit_code_density(values, "mixture")
    np.testing.assert_array_equal(again.log_prob(x), mixture.log_prob(x))


@pytest.mark.slow
def test_flow_bends_integrates_and_samples_as_it_scores() -> None:
    """A banana, z₂ = z₁² + noise: the flow beats 10 normals on fresh codes, and comes near the true density."""
    rng = np.random.default_rng(1)
    z = rng.normal(size=(3000, 2))
    values = np.stack([z[:, 0], z[:, 0] ** 2 + 0.2 * z[:, 1]], axis=1)
    train, fresh = values[:2000], jnp.asarray(values[2000:], jnp.float32)
    flow, mixture = (fit_code_density(train, kind) for kind in ("flow", "mixture"))
    scores = {name: np.mean(jax.vmap(q.log_prob)(fresh)) for name, q in (("flow", flow), ("mixture", mixture))}
    entropy = np.log(0.2) + np.log(2 * np.pi) + 1.0
    assert scores["flow"] > scores["mixture"] + 0.02
    assert -entropy - 0.15 < scores["flow"] < -entropy + 0.1
    first, second = np.linspace(-6, 6, 241), np.linspace(-4, 36, 801)
    grid = jnp.asarray(np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1).reshape(-1, 2), jnp.float32)
    mass = np.exp(np.asarray(jax.jit(jax.vmap(flow.log_prob))(grid), np.float64)) * 0.05 * 0.05
    np.testing.assert_allclose(mass.sum(), 1.0, atol=2e-3)
    drawn = jax.jit(jax.vmap(flow.sample))(keys(2, 4000))
    assert_mean(drawn, mass @ np.asarray(grid) / mass.sum(), standard_errors=6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["normal", "mixture", "flow"])
def test_a_dimension_that_no_code_uses(kind: str) -> None:
    values = codes()
    values[:, 1] = 2.0
    density = fit_code_density(values, kind)  # type: ignore[arg-type]
    drawn = jax.vmap(density.sample)(keys(3, 20))
    np.testing.assert_allclose(drawn[:, 1], 2.0, atol=0.05)


def test_bad_input() -> None:
    with pytest.raises(jv.UserError, match=r"kind must be one of normal, mixture, flow; got 'flw'"):
        fit_code_density(codes(), "flw")  # type: ignore[arg-type]
    with pytest.raises(jv.UserError, match=r"two codes or more.*\(1, 3\)"):
        fit_code_density(codes()[:1])
