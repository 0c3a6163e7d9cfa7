"""Priors p(z)."""

from jaxvae.priors.autoregressive import Autoregressive
from jaxvae.priors.class_and_normal import ClassAndNormal
from jaxvae.priors.codes import AutoregressiveCodes, UniformCodes
from jaxvae.priors.conditional import Conditional
from jaxvae.priors.exemplar import Exemplar
from jaxvae.priors.flow import Flow
from jaxvae.priors.heavy_tailed import Laplace, StudentT
from jaxvae.priors.hyperspherical_uniform import HypersphericalUniform
from jaxvae.priors.lars import LARS
from jaxvae.priors.learned_normal import LearnedNormal
from jaxvae.priors.normal_mixture import NormalMixture
from jaxvae.priors.poincare_normal import PoincareNormal
from jaxvae.priors.prior import Figure, Prior
from jaxvae.priors.standard_normal import StandardNormal
from jaxvae.priors.uniform_discrete import UniformBernoulli, UniformBinaryConcrete, UniformCategorical, UniformConcrete
from jaxvae.priors.vamp import Vamp
from jaxvae.priors.with_noise import WithNoise

__all__ = [
    "LARS",
    "Autoregressive",
    "AutoregressiveCodes",
    "ClassAndNormal",
    "Conditional",
    "Exemplar",
    "Figure",
    "Flow",
    "HypersphericalUniform",
    "Laplace",
    "LearnedNormal",
    "NormalMixture",
    "PoincareNormal",
    "Prior",
    "StandardNormal",
    "StudentT",
    "UniformBernoulli",
    "UniformBinaryConcrete",
    "UniformCategorical",
    "UniformCodes",
    "UniformConcrete",
    "Vamp",
    "WithNoise",
]
