"""Approximate posteriors q(z|x)."""

from jaxvae.posteriors.diagonal_normal import DiagonalNormal
from jaxvae.posteriors.flow import Flow
from jaxvae.posteriors.posterior import Posterior

__all__ = ["DiagonalNormal", "Flow", "Posterior"]
