"""MMD against loops, its closed form under the RBF kernel, and its mean of 0; DIP covariances against numpy."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.objectives import DIPVAE, WAE, Autoencoder, InfoVAE, mmd
from jaxvae.objectives.dip_vae import covariance
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from tests.helpers import BATCH, assert_mean, binary_batch, init, keys, tiny_vae

KINDS = ["rbf", "inverse_multiquadratic", "laplace"]
N, D = 6, 3
EVERYTHING = np.ones(BATCH, bool)


def in_numpy(kind: str, width: float, x: np.ndarray, y: np.ndarray) -> float:
    """k(x, y)."""
    square = float(np.sum((x - y) ** 2))
    match kind:
        case "rbf":
            return float(np.exp(-square / (2 * width**2)))
        case "laplace":
            return float(np.exp(-np.sqrt(square) / width))
    scales = 2 * width**2 * np.array([0.1, 0.2, 0.5, 1, 2, 5, 10])
    return float(np.sum(scales / (scales + square)))


@pytest.mark.parametrize("bandwidth", [0.7, "dimension", "median"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_estimate_against_loops(kind: Any, bandwidth: Any) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(N, D)), rng.normal(1.0, 2.0, size=(N, D))
    kept = [0, 2, 3, 5]
    mask = np.isin(np.arange(N), kept)
    between = [(i, j) for i in kept for j in kept]
    width = {"dimension": np.sqrt(D), "median": np.median([np.linalg.norm(x[i] - y[j]) for i, j in between])}.get(
        bandwidth, bandwidth
    )
    others = [(i, j) for i, j in between if i != j]
    expected = np.mean([in_numpy(kind, width, x[i], x[j]) + in_numpy(kind, width, y[i], y[j]) for i, j in others])
    expected -= 2 * np.mean([in_numpy(kind, width, x[i], y[j]) for i, j in between])
    junk = np.where(mask[:, None], x, 1e3)
    second = jnp.asarray(y, jnp.float32)
    value_and_gradient = jax.jit(jax.value_and_grad(lambda x: mmd(x, second, mask, kind, bandwidth)))
    estimate, gradient = value_and_gradient(jnp.asarray(junk, jnp.float32))
    np.testing.assert_allclose(estimate, expected, rtol=1e-5, atol=1e-6)
    assert np.all(np.isfinite(gradient))
    assert np.all(gradient[mask] != 0)


def estimates(kind: Any, scale: float, shift: float, count: int) -> jax.Array:
    """MMD² of 8 draws of N(shift, scale² I) and 8 of N(0, I), `[count]`."""

    def one(key: jax.Array) -> jax.Array:
        x, y = jax.random.normal(key, (2, 8, D))
        return mmd(shift + scale * x, y, jnp.ones(8, bool), kind)

    return jax.jit(jax.vmap(one))(keys(3, count))


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_is_0_where_the_two_are_equal_and_above_where_not(kind: Any) -> None:
    assert_mean(estimates(kind, 1.0, 0.0, 20_000), 0.0, standard_errors=6)
    apart = np.asarray(estimates(kind, 0.5, 1.0, 2_000), np.float64)
    assert apart.mean() > 6 * apart.std() / np.sqrt(len(apart))


def test_the_mean_is_the_closed_form_of_two_gaussians() -> None:
    """E k(x, y) = (h² / (h² + v))^{D/2} exp(−‖m‖² / 2(h² + v)) for x − y ~ N(m, v I), with h² = D."""
    scale, shift = 0.6, 0.8

    def expectation(variance: float, mean: float) -> float:
        return (D / (D + variance)) ** (D / 2) * np.exp(-D * mean**2 / (2 * (D + variance)))

    expected = expectation(2 * scale**2, 0) + expectation(2.0, 0) - 2 * expectation(1 + scale**2, shift)
    assert_mean(estimates("rbf", scale, shift, 20_000), expected, standard_errors=6)


def test_info_vae_and_wae_are_made_of_their_terms() -> None:
    model, xs = tiny_vae(), binary_batch()
    params = init(model, jax.random.key(0))
    loss = jax.jit(lambda objective: objective.loss(model, params, keys(1, BATCH), xs, EVERYTHING, jnp.asarray(0)))
    value, metrics = loss(InfoVAE(alpha=0.3, lambda_=20.0))
    assert abs(float(metrics["mmd"])) > 1e-3
    expected = -metrics["log_likelihood"] + 0.7 * metrics["kl"] + 19.3 * metrics["mmd"]
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(metrics["bound"], metrics["log_likelihood"] - 0.7 * metrics["kl"], rtol=1e-5)
    value, metrics = loss(InfoVAE(alpha=0.0, lambda_=1.0))
    np.testing.assert_allclose(value, -metrics["elbo"], rtol=1e-5)

    value, metrics = loss(WAE(lambda_=5.0))
    assert metrics.keys() == {"loss", "log_likelihood", "mmd"}  # no ELBO
    np.testing.assert_allclose(value, -metrics["log_likelihood"] + 5.0 * metrics["mmd"], rtol=1e-5)
    plain, _ = loss(Autoencoder())
    np.testing.assert_allclose(metrics["log_likelihood"], -plain, rtol=1e-5)
    _, drawn = loss(WAE(encoder="stochastic"))
    assert float(drawn["log_likelihood"]) != float(metrics["log_likelihood"])


@pytest.mark.parametrize("kind", ["i", "ii"])
def test_dip_vae_against_numpy(kind: Any) -> None:
    model, xs = tiny_vae(), binary_batch()
    params = init(model, jax.random.key(0))
    objective = DIPVAE(kind=kind, lambda_od=3.0, lambda_d=7.0)
    loss, metrics = jax.jit(lambda: objective.loss(model, params, keys(1, BATCH), xs, EVERYTHING, jnp.asarray(0)))()
    dense = jax.tree.map(np.asarray, params["encoder"]["params"]["Dense_0"])
    outputs = np.asarray(xs).reshape(BATCH, -1) @ dense["kernel"] + dense["bias"]
    loc, raw = outputs[:, :2], outputs[:, 2:]
    matrix = np.cov(loc, rowvar=False, bias=True)
    if kind == "ii":
        scale = MIN_SCALE + np.log1p(np.exp(raw + np.log(np.expm1(1.0))))
        matrix += np.diag((scale**2).mean(axis=0))
    penalty = 3.0 * 2 * matrix[0, 1] ** 2 + 7.0 * ((np.diag(matrix) - 1) ** 2).sum()
    np.testing.assert_allclose(metrics["penalty"], penalty, rtol=1e-4)
    np.testing.assert_allclose(loss, penalty - metrics["elbo"], rtol=1e-5)


def test_the_covariance_is_that_of_numpy_without_padding() -> None:
    values = np.random.default_rng(2).normal(size=(7, 4))
    mask = np.array([True, False, True, True, False, True, True])
    expected = np.cov(values[mask], rowvar=False, bias=True)
    np.testing.assert_allclose(covariance(jnp.asarray(values, jnp.float32), jnp.asarray(mask)), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: InfoVAE(alpha=1.5), r"InfoVAE.alpha must be <= 1, got 1.5"),
        (lambda: InfoVAE(alpha=0.2, lambda_=0.5), r"InfoVAE.lambda_ must be >= 0.8, got 0.5"),
        (lambda: InfoVAE(kernel="rfb"), r"InfoVAE.kernel must be one of rbf, .*did you mean rbf"),  # type: ignore[arg-type]
        (lambda: WAE(bandwidth=-1.0), r"WAE.bandwidth must be > 0, got -1.0"),
        (lambda: WAE(encoder="random"), r"WAE.encoder must be one of deterministic, stochastic"),  # type: ignore[arg-type]
        (lambda: DIPVAE(kind="iii"), r"DIPVAE.kind must be one of i, ii"),  # type: ignore[arg-type]
    ],
)
def test_bad_input(build: Any, message: str) -> None:
    with pytest.raises(jv.UserError, match=message):
        build()
