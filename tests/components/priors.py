"""Rows of priors."""

from collections.abc import Callable
from typing import Any

from jaxvae import priors

PRIORS: dict[str, Callable[[], Any]] = {
    "StandardNormal": priors.StandardNormal,
    "HypersphericalUniform": priors.HypersphericalUniform,
    "PoincareNormal": priors.PoincareNormal,
    "PoincareNormal-learned": lambda: priors.PoincareNormal(scale="learned"),
}
