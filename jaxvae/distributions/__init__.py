"""Distributions as values: pytrees of arrays that are right for one example, under `vmap` and on a batch."""

from jaxvae.distributions.bernoulli import Bernoulli, smoothed_log_odds
from jaxvae.distributions.categorical import Categorical
from jaxvae.distributions.distribution import (
    Distribution,
    SupportsSampleAndLogProb,
    is_reparameterized,
    sample_and_log_prob,
)
from jaxvae.distributions.kl import KL, closed_form_kl, kl_divergence
from jaxvae.distributions.multivariate_normal import MultivariateNormal
from jaxvae.distributions.normal import Normal
from jaxvae.distributions.poincare_normal import PoincareNormal
from jaxvae.distributions.von_mises_fisher import HypersphericalUniform, VonMisesFisher

__all__ = [
    "KL",
    "Bernoulli",
    "Categorical",
    "Distribution",
    "HypersphericalUniform",
    "MultivariateNormal",
    "Normal",
    "PoincareNormal",
    "SupportsSampleAndLogProb",
    "VonMisesFisher",
    "closed_form_kl",
    "is_reparameterized",
    "kl_divergence",
    "sample_and_log_prob",
    "smoothed_log_odds",
]
