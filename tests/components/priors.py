"""Rows of priors."""

from collections.abc import Callable
from functools import partial
from typing import Any

from jaxvae import priors

PRIORS: dict[str, Callable[[], Any]] = {
    "StandardNormal": priors.StandardNormal,
    "UniformBernoulli": priors.UniformBernoulli,
    "UniformBinaryConcrete": partial(priors.UniformBinaryConcrete, temperature=1.4),
    "UniformCategorical": partial(priors.UniformCategorical, num_classes=2),
    "UniformConcrete": partial(priors.UniformConcrete, num_classes=2, temperature=0.9),
}
