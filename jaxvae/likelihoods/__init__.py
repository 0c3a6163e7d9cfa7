"""Likelihoods p(x|z)."""

from jaxvae.likelihoods.bernoulli import Bernoulli
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.normal import Normal
from jaxvae.likelihoods.support import Support

__all__ = ["Bernoulli", "Likelihood", "Normal", "Support"]
