"""RAE against its formulas, MS-SSIM against loops in numpy."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.distributions import mean_of
from jaxvae.objectives import MSSSIM, RAE
from jaxvae.objectives.regularized_autoencoder import spectral_penalty, weight_decay
from jaxvae.objectives.structural_similarity import SCALE_WEIGHTS, ms_ssim
from tests.helpers import BATCH, assert_mean, binary_batch, init, keys, tiny_vae

STEP = jnp.asarray(0)


def test_rae_is_made_of_its_terms() -> None:
    model, x = tiny_vae(), binary_batch()[0]
    params = init(model, jax.random.key(0))
    code = mean_of(model.encode(params, x))
    log_likelihood = model.decode(params, code).log_prob(x)
    squares = sum(float(np.sum(np.square(leaf))) for leaf in jax.tree.leaves(params["decoder"]))
    value, metrics = RAE(beta=0.7, weight=0.3).bound(model, params, jax.random.key(1), x, STEP)
    np.testing.assert_allclose(metrics["penalty"], squares, rtol=1e-5)
    np.testing.assert_allclose(value, log_likelihood - 0.35 * np.sum(np.square(code)) - 0.3 * squares, rtol=1e-5)
    value, _ = RAE(penalty="none", beta=0.0).bound(model, params, jax.random.key(1), x, STEP)
    np.testing.assert_allclose(value, log_likelihood, rtol=1e-6)
    assert RAE().score(model, params, jax.random.key(1), x).keys() == {"log_likelihood"}


def test_the_gradient_penalty_is_the_norm_of_the_jacobian_in_the_mean() -> None:
    model, x = tiny_vae(), binary_batch()[0]
    params = init(model, jax.random.key(0))
    jacobian = jax.jacobian(lambda z: mean_of(model.decode(params, z)))(mean_of(model.encode(params, x)))
    expected = np.sum(np.square(np.asarray(jacobian, np.float64)))
    penalties = jax.jit(jax.vmap(lambda key: RAE(penalty="gradient").bound(model, params, key, x, STEP)[1]["penalty"]))(
        keys(1, 2000)
    )
    assert len(np.unique(np.round(np.asarray(penalties), 5))) == 2  # ± of two signs
    assert_mean(penalties, expected)


def test_the_spectral_penalty_and_its_gradient_are_those_of_the_singular_values() -> None:
    rng = np.random.default_rng(0)
    left, _ = np.linalg.qr(rng.normal(size=(7, 4)))
    right, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    matrix = left @ np.diag([3.0, 1.2, 0.7, 0.1]) @ right.T
    tree = {"kernel": jnp.asarray(matrix, jnp.float32), "bias": jnp.full(4, 9.0), "fixed": {"w": jnp.ones((2, 2))}}
    value, gradient = jax.jit(jax.value_and_grad(spectral_penalty))(tree)
    np.testing.assert_allclose(value, 9.0, rtol=1e-4)
    np.testing.assert_allclose(gradient["kernel"], 2 * 3.0 * np.outer(left[:, 0], right[:, 0]), atol=2e-2)
    for name in ("bias", "fixed"):
        assert not any(np.any(leaf) for leaf in jax.tree.leaves(gradient[name]))
    zero = jax.value_and_grad(spectral_penalty)({"kernel": jnp.zeros((3, 2))})
    assert float(zero[0]) == 0
    assert np.all(np.isfinite(zero[1]["kernel"]))
    np.testing.assert_allclose(weight_decay(tree), np.sum(matrix**2) + 4 * 81, rtol=1e-5)


def moments(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Mean SSIM and mean contrast-structure of two images of one channel, place by place."""
    height, width = x.shape
    windows = []
    for side in (height, width):
        size = min(11, side)
        window = np.array([np.exp(-((i - (size - 1) / 2) ** 2) / (2 * 1.5**2)) for i in range(size)])
        windows.append(window / window.sum())
    mass = np.outer(*windows)
    similarities, contrasts = [], []
    for top in range(height - mass.shape[0] + 1):
        for left in range(width - mass.shape[1] + 1):
            a, b = (image[top : top + mass.shape[0], left : left + mass.shape[1]] for image in (x, y))
            mean_a, mean_b = (mass * a).sum(), (mass * b).sum()
            var_a, var_b = (mass * (a - mean_a) ** 2).sum(), (mass * (b - mean_b) ** 2).sum()
            cov = (mass * (a - mean_a) * (b - mean_b)).sum()
            contrast = (2 * cov + 0.03**2) / (var_a + var_b + 0.03**2)
            contrasts.append(contrast)
            similarities.append(contrast * (2 * mean_a * mean_b + 0.01**2) / (mean_a**2 + mean_b**2 + 0.01**2))
    return float(np.mean(similarities)), float(np.mean(contrasts))


def reference(x: np.ndarray, y: np.ndarray, scales: int) -> float:
    """MS-SSIM in loops, channel by channel."""
    weights = np.array(SCALE_WEIGHTS[:scales]) / sum(SCALE_WEIGHTS[:scales])
    values = []
    for channel in range(x.shape[-1]):
        a, b, product = x[..., channel], y[..., channel], 1.0
        for scale in range(scales):
            similarity, contrast = moments(a, b)
            product *= max(similarity if scale == scales - 1 else contrast, 1e-3) ** weights[scale]
            h, w = a.shape[0] // 2, a.shape[1] // 2
            a, b = (image[: 2 * h, : 2 * w].reshape(h, 2, w, 2).mean((1, 3)) for image in (a, b))
        values.append(product)
    return float(np.mean(values))


def pair(shape: tuple[int, ...], noise: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.uniform(size=shape)
    return x, np.clip(x + noise * rng.normal(size=shape), 0, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "scales"), [((8, 8, 1), 2), ((3, 4, 1), 1), ((29, 21, 3), 3)])
def test_ms_ssim_against_loops(shape: tuple[int, ...], scales: int) -> None:
    x, y = pair(shape, 0.2)
    similarity = jax.jit(ms_ssim)
    a, b = jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32)
    np.testing.assert_allclose(similarity(a, b), reference(x, y, scales), rtol=1e-3)
    np.testing.assert_allclose(similarity(a, a), 1.0, rtol=1e-4)
    np.testing.assert_allclose(similarity(b, a), similarity(a, b), rtol=1e-4)
    assert 0 < float(similarity(a, 1 - a)) < float(similarity(a, b)) < 1
    doubled = jax.jit(ms_ssim)(2 * a, 2 * b, 2.0)  # a data range of 2
    np.testing.assert_allclose(doubled, similarity(a, b), rtol=1e-4)


def test_ms_ssim_has_a_finite_gradient_everywhere() -> None:
    x, _ = pair((8, 8, 1), 0.0)
    gradient = jax.jit(jax.grad(ms_ssim, argnums=1))
    for y in (x, 1 - x, np.zeros_like(x), np.ones_like(x), 1e4 * x):
        assert np.all(np.isfinite(gradient(jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32))))


def test_ms_ssim_objective_is_made_of_its_terms() -> None:
    model, xs, mask = tiny_vae(), binary_batch(), np.ones(BATCH, bool)
    params = init(model, jax.random.key(0))
    objective = MSSSIM(weight=30.0, beta=0.5)
    loss, metrics = jax.jit(lambda: objective.loss(model, params, keys(1, BATCH), xs, mask, STEP))()
    np.testing.assert_allclose(loss, 30.0 * (1 - metrics["ms_ssim"]) + 0.5 * metrics["kl"], rtol=1e-5)
    means = jax.vmap(lambda key, x: mean_of(model.decode(params, model.draw(params, key, x).latents)))(
        keys(1, BATCH), xs
    )
    expected = [reference(np.asarray(x, float), np.asarray(y, float), 1) for x, y in zip(xs, means, strict=True)]
    np.testing.assert_allclose(metrics["ms_ssim"], np.mean(expected), rtol=1e-4)


def test_bad_input() -> None:
    flat = jv.VAE((6,), 2)
    with pytest.raises(jv.UserError, match=r"MSSSIM needs images .* got data of shape \(6,\): use `objective=ELBO"):
        MSSSIM().bound(flat, {}, jax.random.key(0), jnp.zeros(6), STEP)
    with pytest.raises(jv.UserError, match=r"RAE.penalty must be one of l2, gradient, spectral, none"):
        RAE(penalty="l1")  # type: ignore[arg-type]
    with pytest.raises(jv.UserError, match=r"MSSSIM.data_range must be > 0"):
        MSSSIM(data_range=0)


def needs_gradients() -> list[Any]:
    objectives = jv.objectives
    return [objectives.DIPVAE(), objectives.WAE(encoder="stochastic"), objectives.BetaTCVAE(dataset_size=9)]


@jv.dataclass
class Binary(jv.posteriors.Posterior):
    """Bits, whose draws pass no gradient."""

    def parameter_shape(self, model: Any) -> Any:
        """A logit for each."""
        return (model.latent_dim,)

    def distribution(self, model: Any, params: Any, outputs: Any) -> Any:
        """q(z|x)."""
        return jv.distributions.Bernoulli(outputs)


@pytest.mark.parametrize("objective", needs_gradients(), ids=lambda objective: type(objective).__name__)
def test_a_posterior_whose_draws_pass_no_gradient_is_refused(objective: Any) -> None:
    model = tiny_vae(posterior=Binary())
    params = jv.init(model, jax.random.key(0))
    with pytest.raises(jv.UserError, match=r"draws pass a gradient, got Binary: use `posterior=Diag"):
        objective.loss(model, params, keys(1, BATCH), binary_batch(), np.ones(BATCH, bool), STEP)
