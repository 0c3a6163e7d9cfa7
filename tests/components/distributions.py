"""Rows of distributions with independent components, each with an oracle in scipy or numpyro."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpyro.distributions as numpyro
from scipy import special, stats

from jaxvae import distributions
from jaxvae.typing import Shape

Parameters = dict[str, np.ndarray]


class Extreme(NamedTuple):
    """One component far out, with the log-density worked out by hand."""

    parameters: dict[str, Any]
    value: float
    log_prob: float


class DistributionRow(NamedTuple):
    """A family of distributions: how to build it, and the same family by others."""

    make: Callable[..., distributions.Distribution]
    """From named parameters and `event_ndim`."""
    parameters: Callable[[np.random.Generator, Shape], Parameters]
    """Random parameters in float64 for components of a shape."""
    scipy: Callable[..., Any]
    """The frozen scipy distribution of ONE component."""
    numpyro: Callable[..., Any]
    """The numpyro distribution of all components, no event axes declared."""
    extremes: tuple[Extreme, ...]
    has_mean: bool = True


DISTRIBUTIONS = {
    "Normal": DistributionRow(
        make=distributions.Normal,
        parameters=lambda rng, shape: {"loc": rng.normal(size=shape), "scale": np.exp(0.5 * rng.normal(size=shape))},
        scipy=lambda loc, scale: stats.norm(loc, scale),
        numpyro=numpyro.Normal,
        extremes=(
            Extreme({"loc": 0.0, "scale": 1e-4}, 1e4, -0.5e16 - np.log(1e-4) - 0.5 * np.log(2 * np.pi)),
            Extreme({"loc": -1e4, "scale": 1e-4}, -1e4, -np.log(1e-4) - 0.5 * np.log(2 * np.pi)),
            Extreme({"loc": 0.0, "scale": 1e4}, 0.0, -np.log(1e4) - 0.5 * np.log(2 * np.pi)),
        ),
    ),
    "Bernoulli": DistributionRow(
        make=distributions.Bernoulli,
        parameters=lambda rng, shape: {"logits": 1.5 * rng.normal(size=shape)},
        scipy=lambda logits: stats.bernoulli(special.expit(logits)),
        numpyro=lambda logits: numpyro.Bernoulli(logits=logits),
        extremes=(
            Extreme({"logits": 1e4}, 1.0, 0.0),
            Extreme({"logits": 1e4}, 0.0, -1e4),
            Extreme({"logits": -1e4}, 1.0, -1e4),
            Extreme({"logits": -1e4}, 0.0, 0.0),
        ),
    ),
    "Categorical": DistributionRow(
        make=distributions.Categorical,
        parameters=lambda rng, shape: {"logits": rng.normal(size=(*shape, 4))},
        scipy=lambda logits: stats.rv_discrete(values=(np.arange(len(logits)), special.softmax(logits))),
        numpyro=lambda logits: numpyro.Categorical(logits=logits),
        extremes=(
            Extreme({"logits": [1e4, 0.0, -1e4, 0.0]}, 0, 0.0),
            Extreme({"logits": [1e4, 0.0, -1e4, 0.0]}, 2, -2e4),
            Extreme({"logits": [-1e4, -1e4, -1e4, -1e4]}, 3, -np.log(4)),
        ),
        has_mean=False,
    ),
}

CLOSED_FORM_KL = {
    ("Normal", "Normal"),
    ("Normal", "MultivariateNormal"),
    ("Normal", "LowRankNormal"),
    ("Bernoulli", "Bernoulli"),
    ("Categorical", "Categorical"),
}
"""Pairs (q, p) that have a closed form, q a row above, p one above (`test_kl.py`) or of JOINT (`test_joint.py`).

The tests see to it that no other pair claims one.
"""
