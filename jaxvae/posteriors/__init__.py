"""Approximate posteriors q(z|x)."""

from jaxvae.posteriors.categorical import Bernoulli, Categorical
from jaxvae.posteriors.concrete import BinaryConcrete, Concrete
from jaxvae.posteriors.diagonal_normal import DiagonalNormal
from jaxvae.posteriors.posterior import Posterior
from jaxvae.posteriors.temperature import Geometric, TemperatureSchedule

__all__ = [
    "Bernoulli",
    "BinaryConcrete",
    "Categorical",
    "Concrete",
    "DiagonalNormal",
    "Geometric",
    "Posterior",
    "TemperatureSchedule",
]
