"""Binary pixels of halves of words: exact shares, and the same draws in both forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxvae.fast import binarize


@pytest.mark.slow
@pytest.mark.parametrize("form", ["fast", "plain"])
@pytest.mark.parametrize("maximum", [16, 255])
def test_a_half_of_a_word_that_is_out_of_range_takes_the_other(
    form: str, maximum: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over all values of one half, beside each value of a coarse grid of the other, the shares are exact."""
    other = np.arange(0, 2**16, 257)
    halves = np.arange(2**16)
    words = (halves[:, None] << 16 | other).astype(np.uint32)
    monkeypatch.setattr(binarize, f"{form}_random_words", lambda *_: jnp.asarray(words.ravel()))
    level, size = maximum // 3, words.size
    draw = getattr(binarize, f"{form}_bernoulli_of_levels")
    x = np.asarray(draw(jax.random.key(0), jnp.full(2 * size, level, jnp.uint8), maximum))
    of_the_high_half = x[:size].reshape(words.shape)
    scale = 2**16 // maximum
    inside = of_the_high_half[: scale * maximum].mean()
    assert inside == pytest.approx(level / maximum, abs=1e-7)
    if scale * maximum < 2**16:
        np.testing.assert_array_equal(of_the_high_half[-1], (np.minimum(other, 65_534) < scale * level))


@pytest.mark.parametrize("maximum", [1, 7, 16, 255])
@pytest.mark.parametrize("shape", [(0,), (1,), (201, 41, 1)])
def test_both_forms_have_the_same_draws(maximum: int, shape: tuple[int, ...]) -> None:
    levels = jnp.asarray(np.random.default_rng(0).integers(0, maximum + 1, shape), jnp.uint8)
    fast, plain = (
        jax.jit(form, static_argnums=2)(jax.random.key(1), levels, maximum)
        for form in (binarize.fast_bernoulli_of_levels, binarize.plain_bernoulli_of_levels)
    )
    assert fast.dtype == plain.dtype == jnp.float32
    np.testing.assert_array_equal(fast, plain)
