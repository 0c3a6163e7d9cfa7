"""Rows of posteriors."""

from collections.abc import Callable
from typing import Any

from jaxvae import bijectors, networks, posteriors

_CHAIN = (bijectors.Householder(), bijectors.MAF((5,)), bijectors.AffineCoupling(networks.MLP((6,))))

POSTERIORS: dict[str, Callable[[], Any]] = {
    "DiagonalNormal": posteriors.DiagonalNormal,
    "Flow-IAF": lambda: posteriors.Flow(bijectors.IAF((5,)), context_dim=3),
    "Flow-Planar": lambda: posteriors.Flow(bijectors.Planar(), num_layers=3),
    "Flow-Sylvester": lambda: posteriors.Flow(bijectors.Sylvester()),
    "Flow-SplineCoupling": lambda: posteriors.Flow(bijectors.SplineCoupling(4, 2.5, networks.MLP((6,)))),
    "Flow-on-a-Flow": lambda: posteriors.Flow(
        bijectors.Chain(_CHAIN), num_layers=2, base=posteriors.Flow(bijectors.Planar(), num_layers=1)
    ),
}
