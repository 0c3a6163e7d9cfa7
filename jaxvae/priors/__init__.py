"""Priors p(z)."""

from jaxvae.priors.prior import Prior
from jaxvae.priors.standard_normal import StandardNormal

__all__ = ["Prior", "StandardNormal"]
