"""Rows of posteriors and their temperature schedules."""

from collections.abc import Callable
from functools import partial
from typing import Any

from jaxvae import posteriors

POSTERIORS: dict[str, Callable[[], Any]] = {
    "DiagonalNormal": posteriors.DiagonalNormal,
    "FullNormal": posteriors.FullNormal,
    "LowRankNormal": posteriors.LowRankNormal,
    "NormalMixture": posteriors.NormalMixture,
    "WithNoise": posteriors.WithNoise,
    "WithNoise-mixture": lambda: posteriors.WithNoise(posteriors.NormalMixture(num_components=4)),
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
