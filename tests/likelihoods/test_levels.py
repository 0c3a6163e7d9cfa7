"""Likelihoods of grey levels: their start, RGB images, the levels that 8-bit arithmetic makes."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.data import Preprocessing
from jaxvae.evaluation.baseline import independent_baseline
from jaxvae.likelihoods import (
    AutoregressiveBernoulli,
    Bernoulli,
    BetaBinomial,
    Categorical,
    ContinuousBernoulli,
    DiscretizedLogistic,
    DiscretizedLogisticMixture,
    ZeroInflated,
    silent_member,
)
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


@pytest.mark.parametrize(
    "likelihood", [Categorical(), DiscretizedLogistic(), DiscretizedLogisticMixture(), BetaBinomial()]
)
def test_levels_that_are_left_to_the_data(likelihood: Any) -> None:
    """Digits have the levels 0 … 16; a number of one's own stays, and outside of a run there must be one."""
    of_digits = likelihood.for_data(16)
    assert of_digits.support is levels(17)
    assert of_digits.for_data(255) is of_digits
    zeros = ZeroInflated(of_digits).support if isinstance(likelihood, BetaBinomial) else levels(17)
    assert zeros is levels(17)
    assert likelihood.for_data(None) is likelihood
    with pytest.raises(jv.UserError, match=r"must be a number if .* got None\. For grey levels give it, 25[56] for"):
        tiny_vae(likelihood=likelihood)


def test_an_inflated_likelihood_asks_for_the_levels_of_the_one_within() -> None:
    inflated = ZeroInflated(BetaBinomial())
    assert inflated.for_data(16).likelihood == BetaBinomial(16)
    assert ZeroInflated().for_data(16) == ZeroInflated()
    with pytest.raises(jv.UserError, match=r"BetaBinomial.total_count must be a number if"):
        tiny_vae(likelihood=inflated)


def test_rgb_mixture_in_a_model() -> None:
    likelihood = DiscretizedLogisticMixture(num_components=4, num_levels=6)
    assert likelihood.parameter_shape(rgb_vae(likelihood)) == (40, 2, 4, 1)
    check_in_model(lambda: rgb_vae(DiscretizedLogisticMixture(num_components=4, num_levels=6)))


def test_rgb_outputs_reach_the_parameters_that_they_are_meant_for() -> None:
    """Each block of decoder outputs moves its parameter, at its pixel, and no other."""
    likelihood = DiscretizedLogisticMixture(num_components=2, num_levels=6)
    model = rgb_vae(likelihood)
    params = {"likelihood": likelihood.init(jax.random.key(0), model, None)}

    def leaves(outputs: jax.Array) -> dict[str, jax.Array]:
        p = likelihood.distribution(model, params, outputs)
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
    model = rgb_vae(DiscretizedLogisticMixture(num_levels=6))
    params = jv.init(model, jax.random.key(0))
    with pytest.raises(NotImplementedError, match="DiscretizedLogisticMixtureRGB has no mean: give a key"):
        jv.reconstruct(model, params, jnp.zeros(RGB_SHAPE))


@pytest.mark.parametrize("shape", [DATA_SHAPE, RGB_SHAPE])
def test_a_mixture_starts_near_its_maximum_likelihood_with_every_component_in_use(shape: tuple[int, ...]) -> None:
    """Three quarters of the values at level 0, the rest at 1: the best is their entropy; the even spread is far off."""
    likelihood = DiscretizedLogisticMixture(num_components=3, num_levels=256)
    model = tiny_vae(likelihood=likelihood) if shape == DATA_SHAPE else rgb_vae(likelihood)
    examples = jnp.broadcast_to((jnp.arange(8.0) % 4 == 0).astype(jnp.float32)[:, None, None, None], (8, *shape))
    fitted, spread = (
        silent_member(likelihood, model, jax.jit(lambda x: likelihood.init(jax.random.key(0), model, x))(given))
        for given in (examples, None)
    )
    of_fitted, of_spread = (float(jnp.mean(jax.vmap(p.log_prob)(examples))) for p in (fitted, spread))
    values = np.prod(shape)
    best = values * (0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert of_spread < best - 0.2 * values
    assert of_fitted > best - 0.05 * values
    assert of_fitted < best + 1e-3 or shape == RGB_SHAPE  # where green and blue are told of red, which they equal
    assert float(jnp.min(jax.nn.softmax(fitted.logits))) > 5e-4
    np.testing.assert_allclose(spread.locs, np.broadcast_to([0.0, 0.5, 1.0], (*shape, 3)), atol=1e-6)
    np.testing.assert_allclose(spread.scales, np.full((*shape, 3), 1 / 18), rtol=1e-4)


def test_many_components_of_few_levels_start_above_the_smallest_scale() -> None:
    likelihood = DiscretizedLogisticMixture(num_components=30, num_levels=2)
    own = likelihood.init(jax.random.key(0), tiny_vae(likelihood=likelihood), None)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(own))


def test_categorical_starts_at_the_baseline() -> None:
    """With a decoder that puts out 0: the best model with independent dimensions; without examples uniform."""
    data = jnp.asarray(np.random.default_rng(0).integers(0, 7, (40, *DATA_SHAPE)) / 6, jnp.float32)
    likelihood = Categorical(num_levels=7)
    model = tiny_vae(likelihood=likelihood)
    assert likelihood.parameter_shape(model) == (7, *DATA_SHAPE)
    for given, expected in (
        (data, independent_baseline(model, data).log_prob(data[3])),
        (None, -12 * np.log(7)),
    ):
        params = {"likelihood": likelihood.init(jax.random.key(0), model, given)}
        p = likelihood.distribution(model, params, jnp.zeros((7, *DATA_SHAPE)))
        np.testing.assert_allclose(p.log_prob(data[3]), expected, rtol=1e-5)


def test_continuous_bernoulli_starts_at_the_training_mean() -> None:
    means = np.linspace(0.02, 0.98, 12).reshape(DATA_SHAPE)
    for given, expected in ((means, means), (None, np.full(DATA_SHAPE, 0.5)), (np.zeros(DATA_SHAPE), 0.01)):
        examples = None if given is None else jnp.broadcast_to(jnp.asarray(given, jnp.float32), (3, *DATA_SHAPE))
        likelihood = ContinuousBernoulli()
        model = tiny_vae(likelihood=likelihood)
        params = {"likelihood": likelihood.init(jax.random.key(0), model, examples)}
        p = likelihood.distribution(model, params, jnp.zeros(DATA_SHAPE))
        np.testing.assert_allclose(p.mean, np.broadcast_to(expected, DATA_SHAPE), rtol=1e-4)


@pytest.mark.parametrize(
    "likelihood",
    [
        Categorical(5),
        ContinuousBernoulli(),
        DiscretizedLogisticMixture(3, 5),
        Bernoulli(),
        AutoregressiveBernoulli((4,)),
    ],
    ids=lambda one: type(one).__name__,
)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_levels_that_never_change_have_a_finite_start(likelihood: Any, value: float) -> None:
    """Of one example: its own value and the other end have a finite log-probability, with finite gradients."""
    model, data = tiny_vae(likelihood=likelihood), jnp.full((1, *DATA_SHAPE), value)
    own = jax.jit(lambda data: likelihood.init(jax.random.key(0), model, data))(data)
    p = silent_member(likelihood, model, own)
    for x in (data[0], 1.0 - data[0]):
        log_prob, gradient = jax.value_and_grad(lambda p, x=x: p.log_prob(x))(p)
        assert np.isfinite(float(log_prob))
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient) if leaf.dtype == jnp.float32)
