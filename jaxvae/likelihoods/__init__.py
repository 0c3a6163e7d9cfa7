"""Likelihoods p(x|z)."""

from jaxvae.likelihoods.bernoulli import Bernoulli
from jaxvae.likelihoods.beta_binomial import BetaBinomial
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.mixed import Mixed
from jaxvae.likelihoods.negative_binomial import NegativeBinomial
from jaxvae.likelihoods.normal import Normal
from jaxvae.likelihoods.poisson import Poisson
from jaxvae.likelihoods.support import Support
from jaxvae.likelihoods.zero_inflated import ZeroInflated

__all__ = [
    "Bernoulli",
    "BetaBinomial",
    "Likelihood",
    "Mixed",
    "NegativeBinomial",
    "Normal",
    "Poisson",
    "Support",
    "ZeroInflated",
]
