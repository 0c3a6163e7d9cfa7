"""Binary pixels of grey levels, two from each random word."""

import jax.numpy as jnp

from jaxvae.fast.random_words import fast_random_words, plain_random_words
from jaxvae.fast.switch import is_fast
from jaxvae.typing import Array, Key


def bernoulli_of_levels(key: Key, levels: Array, maximum: int) -> Array:
    """x ~ Bernoulli(level / maximum) for integer grey levels, float32, of the shape of `levels`.

    With r uniform on {0, …, s·maximum − 1} and s = ⌊2¹⁶ / maximum⌋, P(r < s · level) = level / maximum exactly. r is
    half of a 32-bit word, which costs half of what a float for each pixel does; a half beyond the range (of 8-bit
    levels one in 65,536) takes the other half of its word.

    Args:
        key: for the draw.
        levels: grey levels from 0 to `maximum`, integers.
        maximum: the largest, at most 255.

    Example:
        >>> import jax
        >>> bernoulli_of_levels(jax.random.key(0), jnp.array([0, 255, 0, 255, 255], jnp.uint8), 255).tolist()
        [0.0, 1.0, 0.0, 1.0, 1.0]
    """
    form = fast_bernoulli_of_levels if is_fast() else plain_bernoulli_of_levels
    return form(key, levels, maximum)


def plain_bernoulli_of_levels(key: Key, levels: Array, maximum: int) -> Array:
    """x = 1 where u < level / maximum, u = (r + ½) / (s · maximum): of the same words, so the same x."""
    count = 2**16 // maximum * maximum
    words = plain_random_words(key, ((levels.size + 1) // 2,))
    high, low = words // 2**16, words % 2**16
    half, other = jnp.concatenate([high, low]), jnp.concatenate([low, high])
    r = jnp.where(half < count, half, jnp.minimum(other, count - 1))[: levels.size].reshape(levels.shape)
    u = (r.astype(jnp.float32) + 0.5) / count
    return (u < levels.astype(jnp.float32) / maximum).astype(jnp.float32)


def fast_bernoulli_of_levels(key: Key, levels: Array, maximum: int) -> Array:
    """x = 1 where r < s · level, in integers and over flat pixels."""
    scale = 2**16 // maximum
    words = fast_random_words(key, ((levels.size + 1) // 2,))
    high, low = ((words >> shift) & (2**16 - 1) for shift in (16, 0))
    last = scale * maximum - 1
    chosen = [jnp.where(one > last, other, one) for one, other in ((high, low), (low, high))]
    uniform = jnp.minimum(jnp.concatenate(chosen)[: levels.size], last)  # both: one in 2³²
    x = uniform < scale * levels.ravel().astype(jnp.uint32)
    return x.astype(jnp.float32).reshape(levels.shape)
