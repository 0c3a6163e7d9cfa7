"""Rows of posteriors."""

from collections.abc import Callable
from typing import Any

from jaxvae import posteriors

POSTERIORS: dict[str, Callable[[], Any]] = {
    "DiagonalNormal": posteriors.DiagonalNormal,
    "FullNormal": posteriors.FullNormal,
    "LowRankNormal": posteriors.LowRankNormal,
    "NormalMixture": posteriors.NormalMixture,
    "WithNoise": posteriors.WithNoise,
    "WithNoise-mixture": lambda: posteriors.WithNoise(posteriors.NormalMixture(num_components=4)),
}
