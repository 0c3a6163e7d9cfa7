"""Distributions as values: pytrees of arrays that are right for one example, under `vmap` and on a batch."""

from jaxvae.distributions.bernoulli import Bernoulli, smoothed_log_odds
from jaxvae.distributions.categorical import Categorical
from jaxvae.distributions.distribution import (
    Distribution,
    SupportsSampleAndLogProb,
    is_reparameterized,
    per_dimension,
    sample_and_log_prob,
)
from jaxvae.distributions.kl import KL, closed_form_kl, kl_divergence
from jaxvae.distributions.multivariate_normal import MultivariateNormal
from jaxvae.distributions.normal import Normal

__all__ = [
    "KL",
    "Bernoulli",
    "Categorical",
    "Distribution",
    "MultivariateNormal",
    "Normal",
    "SupportsSampleAndLogProb",
    "closed_form_kl",
    "is_reparameterized",
    "kl_divergence",
    "per_dimension",
    "sample_and_log_prob",
    "smoothed_log_odds",
]
