"""Distributions as values: pytrees of arrays that work for one example, under `vmap` and on a batch."""

from jaxvae.distributions.autoregressive import Autoregressive
from jaxvae.distributions.autoregressive_bernoulli import AutoregressiveBernoulli
from jaxvae.distributions.autoregressive_categorical import AutoregressiveCategorical
from jaxvae.distributions.bernoulli import Bernoulli
from jaxvae.distributions.beta_binomial import BetaBinomial, Levels
from jaxvae.distributions.categorical import Categorical, CategoricalLevels
from jaxvae.distributions.categorical_codes import CategoricalCodes
from jaxvae.distributions.codebook_vectors import CodebookVectors
from jaxvae.distributions.columns import Columns
from jaxvae.distributions.concrete import BinaryConcrete, Concrete
from jaxvae.distributions.continuous_bernoulli import ContinuousBernoulli
from jaxvae.distributions.discretized_logistic import (
    DiscretizedLogistic,
    DiscretizedLogisticMixture,
    DiscretizedLogisticMixtureRGB,
)
from jaxvae.distributions.distribution import (
    Distribution,
    IndependentTerms,
    SumOfTerms,
    SupportsMean,
    SupportsSampleAndLogProb,
    align,
    check_event,
    is_reparameterized,
    is_straight_through,
    per_dimension,
    sample_and_log_prob,
    score_term,
    settle,
    sum_event,
)
from jaxvae.distributions.entropy import closed_form_entropy
from jaxvae.distributions.joined import Joined
from jaxvae.distributions.kl import closed_form_kl
from jaxvae.distributions.laplace import Laplace
from jaxvae.distributions.log_normal import LogNormal
from jaxvae.distributions.logistic import Logistic
from jaxvae.distributions.low_rank_normal import LowRankNormal
from jaxvae.distributions.marginal import NoMarginalError, conditional, marginal_log_prob
from jaxvae.distributions.mean import has_mean, mean_of
from jaxvae.distributions.mixture import Mixture
from jaxvae.distributions.multivariate_normal import MultivariateNormal
from jaxvae.distributions.negative_binomial import NegativeBinomial
from jaxvae.distributions.normal import Normal
from jaxvae.distributions.one_hot import OneHot
from jaxvae.distributions.poincare_normal import PoincareNormal
from jaxvae.distributions.poisson import Poisson
from jaxvae.distributions.straight_through import StraightThrough
from jaxvae.distributions.student_t import StudentT
from jaxvae.distributions.support import SupportsEnumeration
from jaxvae.distributions.transformed import Transformed
from jaxvae.distributions.transforms import positive
from jaxvae.distributions.von_mises_fisher import HypersphericalUniform, VonMisesFisher
from jaxvae.distributions.zero_inflated import ZeroInflated

__all__ = [
    "Autoregressive",
    "AutoregressiveBernoulli",
    "AutoregressiveCategorical",
    "Bernoulli",
    "BetaBinomial",
    "BinaryConcrete",
    "Categorical",
    "CategoricalCodes",
    "CategoricalLevels",
    "CodebookVectors",
    "Columns",
    "Concrete",
    "ContinuousBernoulli",
    "DiscretizedLogistic",
    "DiscretizedLogisticMixture",
    "DiscretizedLogisticMixtureRGB",
    "Distribution",
    "HypersphericalUniform",
    "IndependentTerms",
    "Joined",
    "Laplace",
    "Levels",
    "LogNormal",
    "Logistic",
    "LowRankNormal",
    "Mixture",
    "MultivariateNormal",
    "NegativeBinomial",
    "NoMarginalError",
    "Normal",
    "OneHot",
    "PoincareNormal",
    "Poisson",
    "StraightThrough",
    "StudentT",
    "SumOfTerms",
    "SupportsEnumeration",
    "SupportsMean",
    "SupportsSampleAndLogProb",
    "Transformed",
    "VonMisesFisher",
    "ZeroInflated",
    "align",
    "check_event",
    "closed_form_entropy",
    "closed_form_kl",
    "conditional",
    "has_mean",
    "is_reparameterized",
    "is_straight_through",
    "marginal_log_prob",
    "mean_of",
    "per_dimension",
    "positive",
    "sample_and_log_prob",
    "score_term",
    "settle",
    "sum_event",
]
