"""Likelihoods p(x|z)."""

from jaxvae.likelihoods.bernoulli import Bernoulli
from jaxvae.likelihoods.categorical import Categorical
from jaxvae.likelihoods.continuous_bernoulli import ContinuousBernoulli
from jaxvae.likelihoods.discretized_logistic_mixture import DiscretizedLogisticMixture
from jaxvae.likelihoods.laplace import Laplace
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.logistic import DiscretizedLogistic, Logistic
from jaxvae.likelihoods.normal import Normal
from jaxvae.likelihoods.student_t import StudentT
from jaxvae.likelihoods.support import Support

__all__ = [
    "Bernoulli",
    "Categorical",
    "ContinuousBernoulli",
    "DiscretizedLogistic",
    "DiscretizedLogisticMixture",
    "Laplace",
    "Likelihood",
    "Logistic",
    "Normal",
    "StudentT",
    "Support",
]
