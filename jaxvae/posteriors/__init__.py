"""Approximate posteriors q(z|x)."""

from jaxvae.posteriors.categorical import Bernoulli, Categorical
from jaxvae.posteriors.class_and_normal import ClassAndNormal
from jaxvae.posteriors.concrete import BinaryConcrete, Concrete
from jaxvae.posteriors.diagonal_normal import DiagonalNormal
from jaxvae.posteriors.flow import Flow
from jaxvae.posteriors.full_normal import FullNormal
from jaxvae.posteriors.low_rank_normal import LowRankNormal
from jaxvae.posteriors.normal_mixture import NormalMixture
from jaxvae.posteriors.poincare_normal import PoincareNormal
from jaxvae.posteriors.posterior import Posterior
from jaxvae.posteriors.temperature import Geometric, TemperatureSchedule
from jaxvae.posteriors.vector_quantized import VectorQuantized
from jaxvae.posteriors.von_mises_fisher import VonMisesFisher
from jaxvae.posteriors.with_noise import WithNoise

__all__ = [
    "Bernoulli",
    "BinaryConcrete",
    "Categorical",
    "ClassAndNormal",
    "Concrete",
    "DiagonalNormal",
    "Flow",
    "FullNormal",
    "Geometric",
    "LowRankNormal",
    "NormalMixture",
    "PoincareNormal",
    "Posterior",
    "TemperatureSchedule",
    "VectorQuantized",
    "VonMisesFisher",
    "WithNoise",
]
