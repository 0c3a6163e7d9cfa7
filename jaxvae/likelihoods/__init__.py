"""Likelihoods p(x|z)."""

from jaxvae.likelihoods.autoregressive_bernoulli import AutoregressiveBernoulli
from jaxvae.likelihoods.bernoulli import Bernoulli
from jaxvae.likelihoods.beta_binomial import BetaBinomial
from jaxvae.likelihoods.categorical import Categorical
from jaxvae.likelihoods.continuous_bernoulli import ContinuousBernoulli
from jaxvae.likelihoods.discretized_logistic_mixture import DiscretizedLogisticMixture
from jaxvae.likelihoods.laplace import Laplace
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.logistic import DiscretizedLogistic, Logistic
from jaxvae.likelihoods.maximum_likelihood import maximum_likelihood, silent_member
from jaxvae.likelihoods.mixed import Mixed
from jaxvae.likelihoods.negative_binomial import NegativeBinomial
from jaxvae.likelihoods.normal import Normal
from jaxvae.likelihoods.poisson import Poisson
from jaxvae.likelihoods.student_t import StudentT
from jaxvae.likelihoods.support import BINARY, COUNTS, POSITIVE, REAL, UNIT_INTERVAL, Support, levels
from jaxvae.likelihoods.zero_inflated import ZeroInflated

__all__ = [
    "BINARY",
    "COUNTS",
    "POSITIVE",
    "REAL",
    "UNIT_INTERVAL",
    "AutoregressiveBernoulli",
    "Bernoulli",
    "BetaBinomial",
    "Categorical",
    "ContinuousBernoulli",
    "DiscretizedLogistic",
    "DiscretizedLogisticMixture",
    "Laplace",
    "Likelihood",
    "Logistic",
    "Mixed",
    "NegativeBinomial",
    "Normal",
    "Poisson",
    "StudentT",
    "Support",
    "ZeroInflated",
    "levels",
    "maximum_likelihood",
    "silent_member",
]
