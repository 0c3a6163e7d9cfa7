"""Trivial models that every trained one must beat: independent dimensions."""

import dataclasses

import jax

from jaxvae.distributions import Bernoulli, CategoricalLevels, SupportsSampleAndLogProb
from jaxvae.distributions.bernoulli import smoothed_log_odds
from jaxvae.distributions.categorical import smoothed_level_frequencies
from jaxvae.likelihoods import Normal, silent_member
from jaxvae.likelihoods.support import BINARY, Support
from jaxvae.typing import Array
from jaxvae.vae import VAE


def independent_baseline(model: VAE, x: Array) -> SupportsSampleAndLogProb:
    """Independent dimensions fitted to training data, if possible without regard to the likelihood's family.

    Binary data get a Bernoulli by Laplace's rule, and grey levels the share of each level (with one more example that
    is spread over all levels). Densities get the best member of `Normal("per_dimension")`, and counts and tables the
    best member of the likelihood's own family (`family_baseline`).

    Args:
        model: the model to compare with it.
        x: preprocessed training data, `[n, *data_shape]`.

    Returns:
        A distribution over one example.
    """
    support = model.likelihood.support
    if support == BINARY:
        return Bernoulli(smoothed_log_odds(x))  # by Laplace's rule no pixel is impossible
    if support.num_levels is not None:
        return CategoricalLevels(smoothed_level_frequencies(x, support.num_levels))
    if has_free_baseline(support):
        return family_baseline(dataclasses.replace(model, likelihood=Normal("per_dimension")), x)
    return family_baseline(model, x)


def has_free_baseline(support: Support) -> bool:
    """Whether `independent_baseline` is of another family than the likelihood's own: not for counts and tables.

    >>> has_free_baseline(BINARY)
    True
    """
    return support.num_levels is not None or not (support.is_discrete or support.columns)


def family_baseline(model: VAE, x: Array) -> SupportsSampleAndLogProb:
    """The best member of the likelihood's own family that ignores z, at which training starts.

    Args:
        model: the model.
        x: preprocessed training data, `[n, *data_shape]`.

    Returns:
        A distribution over one example.
    """
    own = model.likelihood.init(jax.random.key(0), model, x)
    return silent_member(model.likelihood, model, own)
