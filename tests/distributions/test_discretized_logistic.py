"""Discretised logistics: every mass counted once, at any place and scale; edges; known special cases."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jaxvae.distributions import (
    Bernoulli,
    CategoricalLevels,
    DiscretizedLogistic,
    DiscretizedLogisticMixture,
    DiscretizedLogisticMixtureRGB,
)
from jaxvae.distributions.categorical import smoothed_level_frequencies
from jaxvae.evaluation.bits import bits_per_dimension
from tests.components.distributions import discretized_logistic_masses
from tests.helpers import assert_finite, keys

LEVELS = jnp.arange(256.0) / 255.0
LOCS = (-1e4, -3.0, 0.0, 0.5 / 255, 0.3, 0.501, 1.0, 20.0, 1e4)
SCALES = (1e-6, 1e-4, 3e-4, 1e-3, 0.01, 0.2, 5.0, 1e4)


@pytest.fixture(scope="module")
def log_masses() -> np.ndarray:
    """`[locs, scales, levels]` in float32."""
    loc, scale = jnp.meshgrid(jnp.array(LOCS), jnp.array(SCALES), indexing="ij")
    p = DiscretizedLogistic(loc[..., None], scale[..., None], event_ndim=1)
    return np.asarray(p.log_prob(LEVELS[:, None, None, None]), np.float64).transpose(1, 2, 0)


def test_masses_sum_to_one_far_out_and_at_tiny_and_huge_scales(log_masses: np.ndarray) -> None:
    assert np.all(np.isfinite(log_masses))
    np.testing.assert_allclose(np.exp(log_masses).sum(-1), np.ones((len(LOCS), len(SCALES))), atol=1e-5)


def test_masses_are_differences_of_the_distribution_function(log_masses: np.ndarray) -> None:
    """In float64, where the difference is more than its rounding, at scales that float32 resolves."""
    for (i, loc), (j, scale) in itertools.product(enumerate(LOCS), enumerate(SCALES)):
        if scale >= 1e-3 and abs(loc) < 1e3:
            loc, scale = float(np.float32(loc)), float(np.float32(scale))
            expected = discretized_logistic_masses(loc, scale, 256)
            known = expected > 1e-9
            np.testing.assert_allclose(np.exp(log_masses[i, j])[known], expected[known], rtol=3e-4)


def test_each_end_takes_the_whole_tail() -> None:
    loc, scale = jnp.array([-0.1, 0.4, 1.2]), jnp.array(0.3)
    p = DiscretizedLogistic(loc, scale, event_ndim=0)
    below = stats.logistic.logcdf(0.5 / 255, loc, 0.3)
    above = stats.logistic.logsf(1.0 - 0.5 / 255, loc, 0.3)
    np.testing.assert_allclose(p.log_prob(jnp.zeros(3)), below, rtol=1e-5)
    np.testing.assert_allclose(p.log_prob(jnp.ones(3)), above, rtol=1e-5)


def test_gradient_is_finite_and_points_to_the_data_far_out() -> None:
    """No floor: a level that is 10,000 away, or 1e8 scales, still pulls."""

    def log_prob(loc: jax.Array, scale: jax.Array, x: jax.Array) -> jax.Array:
        return DiscretizedLogistic(loc, scale).log_prob(x)

    loc, scale, x = (jnp.ravel(a) for a in jnp.meshgrid(jnp.array(LOCS), jnp.array(SCALES), LEVELS[::51]))
    by_loc, by_scale = jax.jit(jax.vmap(jax.grad(log_prob, (0, 1))))(loc, scale, x)
    assert_finite((by_loc, by_scale))
    far = np.abs(loc - x) > 1.5
    inside = far & (np.asarray(x) > 0) & (np.asarray(x) < 1) & (np.asarray(scale) < 1)
    np.testing.assert_allclose((by_loc * scale)[inside], np.sign(x - loc)[inside], rtol=2e-2)


def test_gradient_agrees_with_finite_differences_in_float64() -> None:
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        loc, scale = jnp.asarray(rng.normal(0.5, 0.5, 60)), jnp.asarray(np.exp(rng.normal(-3.0, 1.0, 60)))
        x = jnp.asarray(rng.integers(0, 17, 60) / 16)

        def log_probs(loc: jax.Array, scale: jax.Array) -> jax.Array:
            return DiscretizedLogistic(loc, scale, num_levels=17, event_ndim=0).log_prob(x)

        by_loc, by_scale = jax.grad(lambda *parameters: jnp.sum(log_probs(*parameters)), (0, 1))(loc, scale)
        for gradient, step in ((by_loc, (1e-6, 0.0)), (by_scale, (0.0, 1e-6))):
            forward, backward = (log_probs(loc + s * step[0], scale + s * step[1]) for s in (1, -1))
            np.testing.assert_allclose(gradient, (forward - backward) / 2e-6, rtol=1e-4, atol=1e-6)


def test_two_levels_are_a_bernoulli() -> None:
    """P(1) = σ((loc − ½) / scale)."""
    loc, scale = jnp.array([-2.0, 0.2, 0.9]), jnp.array([0.1, 0.7, 3.0])
    bernoulli = Bernoulli((loc - 0.5) / scale)
    p = DiscretizedLogistic(loc, scale, num_levels=2)
    for x in (jnp.array([0.0, 1.0, 1.0]), jnp.array([1.0, 0.0, 0.0])):
        np.testing.assert_allclose(p.log_prob(x), bernoulli.log_prob(x), rtol=1e-5)
    np.testing.assert_allclose(p.mean, bernoulli.mean, rtol=1e-5)


def test_a_mixture_of_equal_components_is_that_component() -> None:
    loc, scale, x = jnp.array([0.1, 0.7]), jnp.array([0.02, 0.3]), jnp.array([20.0, 255.0]) / 255
    alone = DiscretizedLogistic(loc, scale)
    mixed = DiscretizedLogisticMixture(jnp.array([1.0, -2.0, 0.5]), *(a[:, None] for a in (loc, scale)))
    np.testing.assert_allclose(mixed.log_prob(x), alone.log_prob(x), rtol=1e-5)
    np.testing.assert_allclose(mixed.mean, alone.mean, rtol=1e-5)


def test_a_uniform_model_of_eight_bit_data_needs_eight_bits() -> None:
    """By a softmax without preference, and by a logistic scale at which the inner levels are alike."""
    x = jnp.asarray(np.random.default_rng(0).integers(0, 256, (4, 3)) / 255, jnp.float32)
    log_prob = CategoricalLevels(jnp.zeros((4, 3, 256))).log_prob(x)
    assert bits_per_dimension(float(log_prob), 12) == pytest.approx(8.0, abs=1e-6)
    locs, scales = jnp.linspace(0.0, 1.0, 256), jnp.full(256, 0.2 / 255)  # a component on every level
    mixture = DiscretizedLogisticMixture(jnp.zeros((4, 3, 256)), locs, scales)
    assert bits_per_dimension(float(mixture.log_prob(x)), 12) == pytest.approx(8.0, abs=1e-2)


@pytest.mark.slow
def test_green_and_blue_follow_the_channels_before_them() -> None:
    """With all levels known but blue's: its median moves by c₁ (r − ½) + c₂ (g − ½), and by nothing else."""
    coefficients, red, green = jnp.array([0.9, -0.7, 0.4]), 0.75, 0.125
    p = DiscretizedLogisticMixtureRGB(
        jnp.zeros((2, 1)),
        jnp.full((2, 3, 1), 0.5),
        jnp.full((2, 3, 1), 0.01),
        jnp.broadcast_to(coefficients[:, None], (2, 3, 1)),
        num_levels=256,
    )
    x = jax.vmap(p.sample)(keys(0, 2000))
    assert x.shape == (2000, 2, 3)
    r, g, b = np.moveaxis(np.asarray(x, np.float64), -1, 0)
    slope = np.linalg.lstsq(np.stack([r.ravel() - 0.5, g.ravel() - 0.5], -1), b.ravel() - 0.5, rcond=None)[0]
    # the noise of blue over that of red, and of green given red, √4000 times: a standard error of 0.016 each
    np.testing.assert_allclose(slope, [-0.7, 0.4], atol=6 * 0.025)
    blue = 0.5 - 0.7 * (red - 0.5) + 0.4 * (green - 0.5)
    pixel = jnp.stack([jnp.full(256, red), jnp.full(256, green), LEVELS], axis=-1)
    values = jnp.stack([pixel, jnp.broadcast_to(pixel[128], pixel.shape)], axis=-2)  # the other pixel stays
    log_probs = np.asarray(p.log_prob(values), np.float64)
    masses = np.exp(log_probs - np.max(log_probs))
    expected = discretized_logistic_masses(blue, 0.01, 256)
    np.testing.assert_allclose(masses / masses.sum(), expected, atol=1e-4)


def test_an_rgb_mixture_shares_its_weights_between_the_channels_of_a_pixel() -> None:
    """Two far components: channels agree on which one they are of, so log P is that of one choice and not of three."""
    p = DiscretizedLogisticMixtureRGB(
        jnp.zeros((1, 2)),
        jnp.broadcast_to(jnp.array([0.0, 1.0]), (1, 3, 2)),
        jnp.full((1, 3, 2), 1e-4),
        jnp.zeros((1, 3, 2)),
    )
    np.testing.assert_allclose(p.log_prob(jnp.ones((1, 3))), -math.log(2.0), rtol=1e-5)
    assert p.log_prob(jnp.array([[1.0, 0.0, 1.0]])) < -100.0
    draws = np.asarray(jax.vmap(p.sample)(keys(1, 50)))
    assert np.all(draws == draws[..., :1])
    assert 0 < draws.mean() < 1


def test_level_frequencies_are_shares_of_the_examples() -> None:
    examples = np.random.default_rng(1).integers(0, 7, (50, 3, 2)) / 6
    frequencies = np.exp(smoothed_level_frequencies(jnp.asarray(examples, jnp.float32), 7))
    assert frequencies.shape == (3, 2, 7)
    expected = [[(np.sum(np.isclose(examples[:, i, 1], g / 6)) + 1) / 57 for g in range(7)] for i in range(3)]
    np.testing.assert_allclose(frequencies[:, 1], expected, rtol=1e-5)
