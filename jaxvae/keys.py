"""Keys of random numbers for several purposes: which may be equal, and which must not."""

import enum

import jax
import numpy as np

from jaxvae.typing import Key

_OUT_OF_REACH = 2**31  # split(key, n) gives the keys that folding in 0, …, n − 1 gives, with JAX's default generator


class Purpose(enum.IntEnum):
    """The purpose of a key, besides its own draws and splits."""

    OTHER_DRAWS = 0
    """Draws of the prior, or further draws of the posterior, besides those of the bound."""
    ORDER = 1
    """The order of the examples in each latent dimension."""
    SHOWN = 2
    """Draws of x from decoded latents."""
    SHOWN_PRIOR = 3
    """Draws of x from decoded draws of the prior."""
    SLEEP = 4
    """Pairs of z and x drawn from the model."""
    REFINEMENT = 5
    """Draws of a posterior that is refined for one example."""
    CODES = 6
    """Codes of a codebook that start again."""
    OBJECTIVE = 7
    """Parameters of an objective."""
    NORMALISER = 8
    """Draws for the normaliser of a prior."""
    HIDDEN = 9
    """Draws of the hidden entries of an example."""
    NETWORKS = 10
    """The noise of networks in training (dropout), and dropped conditions."""
    TIES = 11
    """The order of equal values."""


def key_for(key: Key, purpose: Purpose) -> Key:
    """A key for one purpose that differs from every split of `key`, and from every fold of a number below 2³¹.

    `fold_in(key, 1)` would be `split(key)[1]`: noise that should be independent would repeat that of a distribution
    whose `sample` splits its key.

    >>> key = jax.random.key(0)
    >>> bool(jax.random.fold_in(key, 1) == jax.random.split(key)[1])
    True
    >>> any(key_for(key, Purpose.SLEEP) == one for one in jax.random.split(jax.random.clone(key), 100))
    False
    """
    return jax.random.fold_in(jax.random.clone(key), np.uint32(_OUT_OF_REACH + purpose))


def keys_for(keys: Key, purpose: Purpose) -> Key:
    """`key_for` of each key, `[batch]`."""
    return jax.vmap(lambda key: key_for(key, purpose))(keys)


def same_draws(key: Key) -> Key:
    """The same key once more, for two terms that must have the same noise.

    JAX's check for keys that are used twice (`jax_debug_key_reuse`) accepts it.
    """
    return jax.random.clone(key)
