"""Rows of priors."""

from collections.abc import Callable
from typing import Any

from jaxvae import bijectors, networks, priors

PRIORS: dict[str, Callable[[], Any]] = {
    "StandardNormal": priors.StandardNormal,
    "Flow-AffineCoupling": lambda: priors.Flow(bijectors.AffineCoupling(networks.MLP((6,)))),
    "Flow-MAF": lambda: priors.Flow(bijectors.MAF((5,)), num_layers=2),
    "Flow-Planar": lambda: priors.Flow(bijectors.Planar(), num_layers=3),
    "Autoregressive": lambda: priors.Autoregressive(num_components=3, features=(5,)),
}
