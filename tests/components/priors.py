"""Rows of priors."""

from collections.abc import Callable
from typing import Any

from jaxvae import priors

PRIORS: dict[str, Callable[[], Any]] = {
    "StandardNormal": priors.StandardNormal,
    "LearnedNormal": priors.LearnedNormal,
    "NormalMixture": lambda: priors.NormalMixture(num_components=3),
    "Vamp": lambda: priors.Vamp(num_components=6),
    "Vamp-weights": lambda: priors.Vamp(num_components=6, start="noise", learned_weights=True),
    "Exemplar": lambda: priors.Exemplar(num_exemplars=8),
    "WithNoise": priors.WithNoise,
    "WithNoise-mixture": lambda: priors.WithNoise(priors.NormalMixture(num_components=4)),
}
