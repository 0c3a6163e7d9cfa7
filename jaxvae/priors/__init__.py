"""Priors p(z)."""

from jaxvae.priors.autoregressive import Autoregressive
from jaxvae.priors.flow import Flow
from jaxvae.priors.prior import Prior
from jaxvae.priors.standard_normal import StandardNormal

__all__ = ["Autoregressive", "Flow", "Prior", "StandardNormal"]
