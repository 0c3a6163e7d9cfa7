"""Rows of posteriors and their temperature schedules."""

from collections.abc import Callable
from functools import partial
from typing import Any

from jaxvae import bijectors, networks, posteriors

_CHAIN = (bijectors.Householder(), bijectors.MAF((5,)), bijectors.AffineCoupling(networks.MLP((6,))))

POSTERIORS: dict[str, Callable[[], Any]] = {
    "DiagonalNormal": posteriors.DiagonalNormal,
    "FullNormal": posteriors.FullNormal,
    "LowRankNormal": posteriors.LowRankNormal,
    "NormalMixture": posteriors.NormalMixture,
    "WithNoise": posteriors.WithNoise,
    "WithNoise-mixture": lambda: posteriors.WithNoise(posteriors.NormalMixture(num_components=4)),
    "Flow-IAF": lambda: posteriors.Flow(bijectors.IAF((5,)), context_dim=3),
    "Flow-Planar": lambda: posteriors.Flow(bijectors.Planar(), num_layers=3),
    "Flow-Sylvester": lambda: posteriors.Flow(bijectors.Sylvester()),
    "Flow-SplineCoupling": lambda: posteriors.Flow(bijectors.SplineCoupling(4, 2.5, networks.MLP((6,)))),
    "Flow-on-a-Flow": lambda: posteriors.Flow(
        bijectors.Chain(_CHAIN), num_layers=2, base=posteriors.Flow(bijectors.Planar(), num_layers=1)
    ),
    "VectorQuantized": partial(posteriors.VectorQuantized, num_codes=3, code_dim=1),
    "VectorQuantized-residual": partial(posteriors.VectorQuantized, num_codes=3, code_dim=1, depth=2),
    "VonMisesFisher": posteriors.VonMisesFisher,
    "PoincareNormal": posteriors.PoincareNormal,
    "Bernoulli": posteriors.Bernoulli,
    "BinaryConcrete": posteriors.BinaryConcrete,
    "BinaryConcrete-straight_through": partial(posteriors.BinaryConcrete, straight_through=True),
    "Categorical": partial(posteriors.Categorical, num_classes=2),
    "Concrete": partial(posteriors.Concrete, num_classes=2, temperature=posteriors.Geometric(steps=3)),
    "Concrete-straight_through": partial(posteriors.Concrete, num_classes=2, straight_through=True),
}

TEMPERATURES: dict[str, Callable[[], posteriors.TemperatureSchedule]] = {
    "Geometric": partial(posteriors.Geometric, start=2.0, end=0.5, steps=8)
}
