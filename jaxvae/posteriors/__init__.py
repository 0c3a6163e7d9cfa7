"""Approximate posteriors q(z|x)."""

from jaxvae.posteriors.diagonal_normal import DiagonalNormal
from jaxvae.posteriors.posterior import Posterior

__all__ = ["DiagonalNormal", "Posterior"]
