"""Approximate posteriors q(z|x)."""

from jaxvae.posteriors.diagonal_normal import DiagonalNormal
from jaxvae.posteriors.poincare_normal import PoincareNormal
from jaxvae.posteriors.posterior import Posterior
from jaxvae.posteriors.von_mises_fisher import VonMisesFisher

__all__ = ["DiagonalNormal", "PoincareNormal", "Posterior", "VonMisesFisher"]
