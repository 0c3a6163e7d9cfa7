"""The trivial model that every trained one must beat: independent dimensions."""

import jax.numpy as jnp

from jaxvae.distributions import Bernoulli, CategoricalLevels, Normal, smoothed_level_frequencies, smoothed_log_odds
from jaxvae.likelihoods.support import BINARY, Support
from jaxvae.typing import Array

_MIN_SCALE = 1e-3  # as the normal likelihood: pixels that never change would have an infinite density


def independent_baseline(support: Support, x: Array) -> Bernoulli | CategoricalLevels | Normal:
    """Independent dimensions fitted to training data.

    Bernoulli for binary data and the share of each level for grey levels, by Laplace's rule, else normal by maximum
    likelihood.

    Args:
        support: of the likelihood that is compared with it.
        x: preprocessed training data, `[n, *data_shape]`.

    Returns:
        A distribution over one example.
    """
    if support == BINARY:
        return Bernoulli(smoothed_log_odds(x))
    if support.num_levels is not None:
        return CategoricalLevels(smoothed_level_frequencies(x, support.num_levels))
    return Normal(jnp.mean(x, axis=0), jnp.maximum(jnp.std(x, axis=0), _MIN_SCALE))
