"""Distributions as values: pytrees of arrays that are right for one example, under `vmap` and on a batch."""

from jaxvae.distributions.bernoulli import Bernoulli, smoothed_log_odds
from jaxvae.distributions.beta_binomial import BetaBinomial, Levels
from jaxvae.distributions.categorical import Categorical
from jaxvae.distributions.categorical_codes import CategoricalCodes, ordinal_log_probs
from jaxvae.distributions.columns import Columns
from jaxvae.distributions.distribution import (
    Distribution,
    SupportsSampleAndLogProb,
    is_reparameterized,
    sample_and_log_prob,
)
from jaxvae.distributions.kl import KL, closed_form_kl, kl_divergence
from jaxvae.distributions.multivariate_normal import MultivariateNormal
from jaxvae.distributions.negative_binomial import NegativeBinomial
from jaxvae.distributions.normal import Normal
from jaxvae.distributions.poisson import Poisson
from jaxvae.distributions.zero_inflated import ZeroInflated

__all__ = [
    "KL",
    "Bernoulli",
    "BetaBinomial",
    "Categorical",
    "CategoricalCodes",
    "Columns",
    "Distribution",
    "Levels",
    "MultivariateNormal",
    "NegativeBinomial",
    "Normal",
    "Poisson",
    "SupportsSampleAndLogProb",
    "ZeroInflated",
    "closed_form_kl",
    "is_reparameterized",
    "kl_divergence",
    "ordinal_log_probs",
    "sample_and_log_prob",
    "smoothed_log_odds",
]
