"""Priors p(z)."""

from jaxvae.priors.lars import LARS
from jaxvae.priors.prior import Figure, Prior
from jaxvae.priors.standard_normal import StandardNormal
from jaxvae.priors.uniform_discrete import UniformBernoulli, UniformBinaryConcrete, UniformCategorical, UniformConcrete

__all__ = [
    "LARS",
    "Figure",
    "Prior",
    "StandardNormal",
    "UniformBernoulli",
    "UniformBinaryConcrete",
    "UniformCategorical",
    "UniformConcrete",
]
