"""Priors p(z)."""

from jaxvae.priors.hyperspherical_uniform import HypersphericalUniform
from jaxvae.priors.poincare_normal import PoincareNormal
from jaxvae.priors.prior import Prior
from jaxvae.priors.standard_normal import StandardNormal

__all__ = ["HypersphericalUniform", "PoincareNormal", "Prior", "StandardNormal"]
