"""From grey levels to x: probabilities, ranges, the fixed evaluation sets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxvae.data import Preprocessing, content_hash
from jaxvae.errors import UserError

RAW = jnp.arange(17, dtype=jnp.uint8).reshape(1, 17, 1) * jnp.ones((5000, 1, 1), jnp.uint8)  # levels 0 … 16


@pytest.mark.slow
@pytest.mark.parametrize("maximum", [1, 7, 16, 255])
@pytest.mark.parametrize("for_evaluation", [False, True])
def test_dynamic_binarisation_has_the_grey_level_for_probability(maximum: int, for_evaluation: bool) -> None:
    """Every level within 6 standard errors, the ends exactly, and no correlation between pixels."""
    raw = jnp.arange(maximum + 1, dtype=jnp.uint8)[None, :, None] * jnp.ones((5001, 1, 1), jnp.uint8)
    preprocessing = Preprocessing(maximum=maximum, binarize="dynamic")
    x = (
        preprocessing.for_evaluation(np.asarray(raw), "test")
        if for_evaluation
        else preprocessing(jax.random.key(0), raw)
    )
    x = np.asarray(x)
    assert x.shape == raw.shape
    assert set(np.unique(x)) == {0.0, 1.0}
    probability = np.arange(maximum + 1) / maximum
    standard_error = np.sqrt(probability * (1 - probability) / len(x))
    assert np.all(np.abs(x.mean(axis=0)[:, 0] - probability) <= 6 * standard_error)
    if maximum > 1:
        correlations = np.corrcoef(x[:, 1:-1, 0].reshape(len(x), -1), rowvar=False) - np.eye(maximum - 1)
        assert np.all(np.abs(correlations) < 6 / np.sqrt(len(x)))
        assert not np.array_equal(x, preprocessing(jax.random.key(1), raw))


def test_threshold_and_none() -> None:
    grey = np.arange(17) / 16
    key = jax.random.key(0)
    np.testing.assert_allclose(Preprocessing(maximum=16)(key, RAW)[0, :, 0], grey)
    np.testing.assert_array_equal(Preprocessing(maximum=16, binarize="threshold")(key, RAW)[0, :, 0], grey >= 0.5)
    np.testing.assert_allclose(Preprocessing(maximum=16, symmetric=True)(key, RAW)[0, :, 0], 2 * grey - 1)
    floats = jnp.array([[-3.5, 7.25]])
    np.testing.assert_array_equal(Preprocessing()(key, floats), floats)


@pytest.mark.parametrize(("symmetric", "low", "width"), [(False, 0.0, 1 / 17), (True, -1.0, 2 / 17)])
def test_dequantised_levels_fill_their_bins_evenly(symmetric: bool, low: float, width: float) -> None:
    preprocessing = Preprocessing(maximum=16, dequantize=True, symmetric=symmetric)
    assert preprocessing.bin_width == pytest.approx(width)
    bins = (np.asarray(preprocessing(jax.random.key(0), RAW), np.float64) - low) / width  # level + noise
    noise = bins[..., 0] - np.arange(17)
    assert noise.min() > -1e-5
    assert noise.max() < 1 + 1e-5
    assert np.all(np.abs(noise.mean(axis=0) - 0.5) < 5 * np.sqrt(1 / 12 / len(noise)))


@pytest.mark.parametrize("maximum", [1, 16, 255, 1000, 4095, 65_535])
def test_no_dequantised_level_leaves_its_bin(maximum: int) -> None:
    """In float32, of the largest level, whose noise rounds most: 0.2 % of 16-bit draws once came out one bin higher."""
    raw = jnp.full(300_000, maximum, jnp.uint16)
    x = np.asarray(Preprocessing(maximum=maximum, dequantize=True)(jax.random.key(0), raw), np.float32)
    bins = np.floor(x.astype(np.float64) * (maximum + 1))
    np.testing.assert_array_equal(bins, np.full(len(raw), maximum))
    assert x.max() < 1.0
    assert len(np.unique(x)) >= 64


def test_bits_need_dequantised_integers() -> None:
    assert Preprocessing(maximum=255).bin_width is None
    assert Preprocessing().bin_width is None
    assert Preprocessing(maximum=255, dequantize=True).bin_width == 1 / 256


def test_evaluation_sets_are_drawn_once_and_for_all() -> None:
    preprocessing, raw = Preprocessing(maximum=16, binarize="dynamic"), np.asarray(RAW[:40])
    test, again, validation = (preprocessing.for_evaluation(raw, split) for split in ("test", "test", "validation"))
    assert content_hash(test) == content_hash(again) != content_hash(validation)
    assert content_hash(test) != content_hash(test.reshape(20, 34, 1))
    assert content_hash(test) != content_hash(test.at[3, 5, 0].add(1.0))


@pytest.mark.parametrize(
    "fields",
    [
        {"maximum": 255, "dequantize": True, "binarize": "dynamic"},
        {"maximum": None, "dequantize": True},
        {"maximum": 255, "binarize": "threshold", "symmetric": True},
        {"maximum": 255, "binarize": "thresh"},
    ],
    ids=str,
)
def test_refuses_what_has_no_meaning(fields: dict) -> None:
    with pytest.raises(UserError) as caught:
        Preprocessing(**fields)
    assert "\n" not in str(caught.value)
