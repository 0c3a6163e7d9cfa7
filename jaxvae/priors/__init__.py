"""Priors p(z)."""

from jaxvae.priors.autoregressive import Autoregressive
from jaxvae.priors.exemplar import Exemplar
from jaxvae.priors.flow import Flow
from jaxvae.priors.learned_normal import LearnedNormal
from jaxvae.priors.normal_mixture import NormalMixture
from jaxvae.priors.prior import Prior
from jaxvae.priors.standard_normal import StandardNormal
from jaxvae.priors.vamp import Vamp
from jaxvae.priors.with_noise import WithNoise

__all__ = [
    "Autoregressive",
    "Exemplar",
    "Flow",
    "LearnedNormal",
    "NormalMixture",
    "Prior",
    "StandardNormal",
    "Vamp",
    "WithNoise",
]
