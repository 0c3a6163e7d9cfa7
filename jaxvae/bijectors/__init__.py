"""Invertible maps between vectors with known volumes, for flow posteriors and flow priors."""

from jaxvae.bijectors.autoregressive import IAF, MAF
from jaxvae.bijectors.bijector import Bijector
from jaxvae.bijectors.chain import Chain
from jaxvae.bijectors.coupling import AffineCoupling, SplineCoupling
from jaxvae.bijectors.householder import Householder
from jaxvae.bijectors.permutation import Permutation
from jaxvae.bijectors.planar import Planar
from jaxvae.bijectors.repeat import Repeat
from jaxvae.bijectors.sylvester import Sylvester

__all__ = [
    "IAF",
    "MAF",
    "AffineCoupling",
    "Bijector",
    "Chain",
    "Householder",
    "Permutation",
    "Planar",
    "Repeat",
    "SplineCoupling",
    "Sylvester",
]
