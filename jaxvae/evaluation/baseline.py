"""The trivial model that every trained one must beat: independent dimensions."""

import jax.numpy as jnp

from jaxvae.distributions import (
    Bernoulli,
    CategoricalLevels,
    Distribution,
    Normal,
    smoothed_level_frequencies,
    smoothed_log_odds,
)
from jaxvae.likelihoods import Likelihood
from jaxvae.likelihoods.support import BINARY
from jaxvae.typing import Array

_MIN_SCALE = 1e-3  # as the normal likelihood: pixels that never change would have an infinite density


def independent_baseline(likelihood: Likelihood, x: Array) -> Distribution | None:
    """Independent dimensions fitted to training data.

    The likelihood's own (`Likelihood.independent`) where it has one; else Bernoulli by Laplace's rule for binary data,
    the share of each level for grey levels (with one more example that is spread over all), and normal by maximum
    likelihood where there is a density. None for any other: a density and a mass do not compare.

    Args:
        likelihood: of the model that is compared with it.
        x: preprocessed training data, `[n, *data_shape]`.

    Returns:
        A distribution over one example.
    """
    own = likelihood.independent(x)
    if own is not None:
        return own
    if likelihood.support == BINARY:
        return Bernoulli(smoothed_log_odds(x))  # by Laplace's rule no pixel is impossible
    if likelihood.support.num_levels is not None:
        return CategoricalLevels(smoothed_level_frequencies(x, likelihood.support.num_levels))
    if not likelihood.support.is_discrete:
        return Normal(jnp.mean(x, axis=0), jnp.maximum(jnp.std(x, axis=0), _MIN_SCALE))
    return None
