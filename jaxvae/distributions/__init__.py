"""Distributions as values: pytrees of arrays that are right for one example, under `vmap` and on a batch."""

from jaxvae.distributions.bernoulli import Bernoulli, smoothed_log_odds
from jaxvae.distributions.categorical import Categorical, CategoricalLevels, smoothed_level_frequencies
from jaxvae.distributions.continuous_bernoulli import ContinuousBernoulli
from jaxvae.distributions.discretized_logistic import (
    DiscretizedLogistic,
    DiscretizedLogisticMixture,
    DiscretizedLogisticMixtureRGB,
)
from jaxvae.distributions.distribution import (
    Distribution,
    SupportsSampleAndLogProb,
    is_reparameterized,
    sample_and_log_prob,
)
from jaxvae.distributions.kl import KL, closed_form_kl, kl_divergence
from jaxvae.distributions.laplace import Laplace
from jaxvae.distributions.logistic import Logistic
from jaxvae.distributions.multivariate_normal import MultivariateNormal
from jaxvae.distributions.normal import Normal
from jaxvae.distributions.student_t import StudentT

__all__ = [
    "KL",
    "Bernoulli",
    "Categorical",
    "CategoricalLevels",
    "ContinuousBernoulli",
    "DiscretizedLogistic",
    "DiscretizedLogisticMixture",
    "DiscretizedLogisticMixtureRGB",
    "Distribution",
    "Laplace",
    "Logistic",
    "MultivariateNormal",
    "Normal",
    "StudentT",
    "SupportsSampleAndLogProb",
    "closed_form_kl",
    "is_reparameterized",
    "kl_divergence",
    "sample_and_log_prob",
    "smoothed_level_frequencies",
    "smoothed_log_odds",
]
