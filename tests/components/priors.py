"""Rows of priors."""

from collections.abc import Callable
from functools import partial
from typing import Any

from jaxvae import networks, priors

PRIORS: dict[str, Callable[[], Any]] = {
    "StandardNormal": priors.StandardNormal,
    "LARS": partial(priors.LARS, networks.MLP((5,), "tanh"), num_samples=31, evaluation_samples=50_000),
    "LARS-untruncated": partial(priors.LARS, networks.MLP(()), truncation=None, evaluation_samples=50_000),
    "UniformBernoulli": priors.UniformBernoulli,
    "UniformBinaryConcrete": partial(priors.UniformBinaryConcrete, temperature=1.4),
    "UniformCategorical": partial(priors.UniformCategorical, num_classes=2),
    "UniformConcrete": partial(priors.UniformConcrete, num_classes=2, temperature=0.9),
}
