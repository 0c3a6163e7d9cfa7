"""Priors p(z)."""

from jaxvae.priors.prior import Prior
from jaxvae.priors.standard_normal import StandardNormal
from jaxvae.priors.uniform_discrete import UniformBernoulli, UniformBinaryConcrete, UniformCategorical, UniformConcrete

__all__ = [
    "Prior",
    "StandardNormal",
    "UniformBernoulli",
    "UniformBinaryConcrete",
    "UniformCategorical",
    "UniformConcrete",
]
