"""Rows of priors."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax.numpy as jnp

from jaxvae import Condition, bijectors, networks, priors
from jaxvae.conditions import KnownCondition

PRIORS: dict[str, Callable[[], Any]] = {
    "StandardNormal": priors.StandardNormal,
    "Laplace": partial(priors.Laplace, scale=0.6),
    "StudentT": partial(priors.StudentT, df=30.0, scale=0.8),
    "LearnedNormal": priors.LearnedNormal,
    "NormalMixture": lambda: priors.NormalMixture(num_components=3),
    "Vamp": lambda: priors.Vamp(num_components=6),
    "Vamp-weights": lambda: priors.Vamp(num_components=6, start="noise", learned_weights=True),
    "Exemplar": lambda: priors.Exemplar(num_exemplars=8),
    "WithNoise": priors.WithNoise,
    "WithNoise-mixture": lambda: priors.WithNoise(priors.NormalMixture(num_components=4)),
    "LARS": partial(priors.LARS, networks.MLP((5,), "tanh"), num_samples=31, evaluation_samples=50_000),
    "LARS-untruncated": partial(priors.LARS, networks.MLP(()), truncation=None, evaluation_samples=50_000),
    "UniformBernoulli": priors.UniformBernoulli,
    "UniformBinaryConcrete": partial(priors.UniformBinaryConcrete, temperature=1.4),
    "UniformCategorical": partial(priors.UniformCategorical, num_classes=2),
    "UniformConcrete": partial(priors.UniformConcrete, num_classes=2, temperature=0.9),
    "Flow-AffineCoupling": lambda: priors.Flow(bijectors.AffineCoupling(networks.MLP((6,)))),
    "Flow-MAF": lambda: priors.Flow(bijectors.MAF((5,)), num_layers=2),
    "Flow-Planar": lambda: priors.Flow(bijectors.Planar(), num_layers=3),
    "Flow-on-LARS": lambda: priors.Flow(
        bijectors.Householder(),
        num_layers=2,
        base=priors.LARS(networks.MLP((5,)), num_samples=64, evaluation_samples=50_000),
    ),
    "Autoregressive": lambda: priors.Autoregressive(num_components=3, features=(5,)),
    "UniformCodes": priors.UniformCodes,
    "AutoregressiveCodes": lambda: priors.AutoregressiveCodes(features=(5,)),
    "Conditional": priors.Conditional,
    "Conditional-mixture": lambda: priors.Conditional(priors.NormalMixture(num_components=3), networks.MLP((5,))),
    "HypersphericalUniform": priors.HypersphericalUniform,
    "PoincareNormal": priors.PoincareNormal,
    "PoincareNormal-learned": lambda: priors.PoincareNormal(scale="learned"),
}


def condition_for(prior: Any) -> KnownCondition | None:
    """The condition of an example, for a prior that needs one; a model with it is `given` an example already."""
    if not isinstance(prior, priors.Conditional):
        return None
    return KnownCondition(Condition(("categorical:3", "real")), jnp.array([2.0, 0.4]))
