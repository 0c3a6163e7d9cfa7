"""Likelihoods of grey levels: their start, RGB images, the levels that 8-bit arithmetic makes."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.data import Preprocessing
from jaxvae.evaluation.baseline import independent_baseline
from jaxvae.likelihoods import Categorical, ContinuousBernoulli, DiscretizedLogisticMixture
from jaxvae.likelihoods.support import levels
from tests.helpers import DATA_SHAPE, check_in_model, tiny_vae

RGB_SHAPE = (2, 4, 3)


def rgb_vae(likelihood: Any) -> jv.VAE:
    return jv.VAE(RGB_SHAPE, 2, jv.networks.MLP(()), jv.networks.MLP(()), likelihood=likelihood)


def test_every_level_that_preprocessing_makes_is_in_the_support() -> None:
    """uint8 / 255 in float32 and float64, and as `check_support` divides them."""
    raw = np.arange(256, dtype=np.uint8)
    x = np.asarray(Preprocessing(maximum=255)(jax.random.key(0), jnp.asarray(raw)))
    for values in (x, x.astype(np.float64), raw / 255, (raw / 255).astype(np.float32)):
        assert np.all(levels(256).contains(values))
    assert not np.any(levels(256).contains((raw + 0.01) / 255))
    assert np.all(levels(65_536).contains(np.arange(65_536, dtype=np.float32) / np.float32(65_535)))
    assert levels(17) is levels(17)


def test_rgb_mixture_in_a_model() -> None:
    likelihood = DiscretizedLogisticMixture(num_components=4, num_levels=6)
    assert likelihood.parameter_shape(rgb_vae(likelihood)) == (40, 2, 4, 1)
    check_in_model(lambda: rgb_vae(DiscretizedLogisticMixture(num_components=4, num_levels=6)))


def test_rgb_outputs_reach_the_parameters_that_they_are_meant_for() -> None:
    """Each block of decoder outputs moves its parameter, at its pixel, and no other."""
    likelihood = DiscretizedLogisticMixture(num_components=2, num_levels=6)
    vae = rgb_vae(likelihood)
    params = {"likelihood": likelihood.init(jax.random.key(0), vae, None)}

    def leaves(outputs: jax.Array) -> dict[str, jax.Array]:
        p = likelihood.distribution(vae, params, outputs)
        return {name: getattr(p, name) for name in ("logits", "locs", "scales", "coefficients")}

    silent = np.zeros((20, 2, 4, 1), np.float32)
    before = jax.jit(leaves)(silent)
    assert before["coefficients"].shape == before["locs"].shape == before["scales"].shape == (2, 4, 3, 2)
    np.testing.assert_array_equal(before["coefficients"], np.zeros((2, 4, 3, 2)))
    for block, name in enumerate(["logits", *["locs"] * 3, *["scales"] * 3, *["coefficients"] * 3]):
        for component in range(2):
            outputs = silent.copy()
            outputs[2 * block + component, 1, 2, 0] = 0.5
            after = jax.jit(leaves)(outputs)
            where = (1, 2, component) if name == "logits" else (1, 2, (block - 1) % 3, component)
            for other, value in after.items():
                moved = np.argwhere(np.asarray(value != before[other]))
                np.testing.assert_array_equal(moved, [where] if other == name else np.zeros((0, value.ndim)))


def test_an_rgb_mixture_has_no_mean_and_says_so() -> None:
    vae = rgb_vae(DiscretizedLogisticMixture(num_levels=6))
    params = jv.init(vae, jax.random.key(0))
    with pytest.raises(NotImplementedError, match="DiscretizedLogisticMixtureRGB has no mean: give a key"):
        jv.reconstruct(vae, params, jnp.zeros(RGB_SHAPE))


@pytest.mark.parametrize("shape", [DATA_SHAPE, RGB_SHAPE])
def test_mixture_starts_spread_out_with_the_weights_of_the_examples(shape: tuple[int, ...]) -> None:
    """All examples at level 0 or 1 in turn: next to component 0 or 2 of three, and none at the middle."""
    likelihood = DiscretizedLogisticMixture(num_components=3)
    vae = tiny_vae(likelihood=likelihood) if shape == DATA_SHAPE else rgb_vae(likelihood)
    examples = jnp.broadcast_to((jnp.arange(8.0) % 4 == 0).astype(jnp.float32)[:, None, None, None], (8, *shape))
    params = {"likelihood": likelihood.init(jax.random.key(0), vae, examples)}
    p = likelihood.distribution(vae, params, jnp.zeros(likelihood.parameter_shape(vae)))
    count = 8 * (3 if shape == RGB_SHAPE else 1)  # a channel is an example of its pixel's weights
    weights = np.array([0.75 * count + 1, 1, 0.25 * count + 1]) / (count + 3)
    pixels = shape[:-1] if shape == RGB_SHAPE else shape
    np.testing.assert_allclose(jax.nn.softmax(p.logits), np.broadcast_to(weights, (*pixels, 3)), rtol=1e-5)
    np.testing.assert_allclose(p.locs, np.broadcast_to([0.0, 0.5, 1.0], (*shape, 3)), atol=1e-6)
    np.testing.assert_allclose(p.scales, np.full((*shape, 3), 1 / 18), rtol=1e-4)


def test_many_components_of_few_levels_start_above_the_smallest_scale() -> None:
    likelihood = DiscretizedLogisticMixture(num_components=30, num_levels=2)
    own = likelihood.init(jax.random.key(0), tiny_vae(likelihood=likelihood), None)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(own))


def test_categorical_starts_at_the_baseline() -> None:
    """With a decoder that puts out 0: the best model with independent dimensions; without examples uniform."""
    data = jnp.asarray(np.random.default_rng(0).integers(0, 7, (40, *DATA_SHAPE)) / 6, jnp.float32)
    likelihood = Categorical(num_levels=7)
    vae = tiny_vae(likelihood=likelihood)
    assert likelihood.parameter_shape(vae) == (7, *DATA_SHAPE)
    for given, expected in (
        (data, independent_baseline(likelihood, data).log_prob(data[3])),
        (None, -12 * np.log(7)),
    ):
        params = {"likelihood": likelihood.init(jax.random.key(0), vae, given)}
        p = likelihood.distribution(vae, params, jnp.zeros((7, *DATA_SHAPE)))
        np.testing.assert_allclose(p.log_prob(data[3]), expected, rtol=1e-5)


def test_continuous_bernoulli_starts_at_the_training_mean() -> None:
    means = np.linspace(0.02, 0.98, 12).reshape(DATA_SHAPE)
    for given, expected in ((means, means), (None, np.full(DATA_SHAPE, 0.5)), (np.zeros(DATA_SHAPE), 0.01)):
        examples = None if given is None else jnp.broadcast_to(jnp.asarray(given, jnp.float32), (3, *DATA_SHAPE))
        likelihood = ContinuousBernoulli()
        vae = tiny_vae(likelihood=likelihood)
        params = {"likelihood": likelihood.init(jax.random.key(0), vae, examples)}
        p = likelihood.distribution(vae, params, jnp.zeros(DATA_SHAPE))
        np.testing.assert_allclose(p.mean, np.broadcast_to(expected, DATA_SHAPE), rtol=1e-4)
