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


class _FloatCategorical(numpyro.CategoricalLogits):
    """For codes as floats."""

    def log_prob(self, value: Any) -> Any:
        """Of the class with that code."""
        return super().log_prob(value.astype(int))


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
    "BetaBinomial": DistributionRow(
        make=distributions.BetaBinomial,
        parameters=lambda rng, shape: {
            "total_count": np.full(shape, 7.0),
            "alpha": np.exp(0.5 * rng.normal(size=shape)),
            "beta": np.exp(0.5 * rng.normal(size=shape)),
        },
        scipy=lambda total_count, alpha, beta: stats.betabinom(int(total_count), alpha, beta),
        numpyro=lambda total_count, alpha, beta: numpyro.BetaBinomial(alpha, beta, total_count),
        extremes=tuple(
            Extreme({"total_count": n, "alpha": a, "beta": b}, x, stats.betabinom.logpmf(x, int(n), a, b))
            for n, x in ((255.0, 0.0), (255.0, 255.0), (255.0, 100.0), (1e4, 0.0), (1e4, 1e4), (1e4, 5e3))
            for a, b in ((1e-4, 1e-4), (1e-4, 1e4), (1e4, 1e-4), (1e4, 1e4), (9.5, 0.5))
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
    "CategoricalCodes": DistributionRow(
        make=distributions.CategoricalCodes,
        parameters=lambda rng, shape: {"logits": rng.normal(size=(*shape, 4))},
        scipy=lambda logits: stats.rv_discrete(values=(np.arange(len(logits)), special.softmax(logits))),
        numpyro=lambda logits: _FloatCategorical(logits=logits),
        extremes=(
            Extreme({"logits": [1e4, 0.0, -1e4, 0.0]}, 0.0, 0.0),
            Extreme({"logits": [1e4, 0.0, -1e4, 0.0]}, 2.0, -2e4),
        ),
    ),
    "NegativeBinomial": DistributionRow(
        make=distributions.NegativeBinomial,
        parameters=lambda rng, shape: {
            "rate": np.exp(1.0 + 0.5 * rng.normal(size=shape)),
            "dispersion": np.exp(1.0 + 0.5 * rng.normal(size=shape)),
        },
        scipy=lambda rate, dispersion: stats.nbinom(dispersion, dispersion / (dispersion + rate)),
        numpyro=lambda rate, dispersion: numpyro.NegativeBinomial2(rate, dispersion),
        extremes=(
            *(
                Extreme({"rate": rate, "dispersion": r}, x, stats.nbinom.logpmf(x, r, r / (r + rate)))
                for rate in (1e-4, 9.5, 1e4)
                for r in (1e-4, 9.5, 1e4)
                for x in (0.0, 1.0, 10.0, 1e4)
            ),
            # far on the way to Poisson scipy's own differences cancel
            *(
                Extreme({"rate": rate, "dispersion": r}, x, stats.poisson.logpmf(x, rate))
                for rate, x in ((1e-4, 1.0), (3.0, 5.0), (1e4, 1e4))
                for r in (1e13, 1e30)
            ),
        ),
    ),
    "Poisson": DistributionRow(
        make=distributions.Poisson,
        parameters=lambda rng, shape: {"rate": np.exp(1.0 + rng.normal(size=shape))},
        scipy=lambda rate: stats.poisson(rate),
        numpyro=lambda rate: numpyro.Poisson(rate),
        extremes=tuple(
            Extreme({"rate": rate}, x, stats.poisson.logpmf(x, rate))
            for rate in (1e-4, 9.5, 1e4)
            for x in (0.0, 1.0, 10.0, 9990.0, 1e4)
        ),
    ),
}

CLOSED_FORM_KL = {(name, name) for name in ("Bernoulli", "Categorical", "Normal", "Poisson")}
"""Pairs (q, p) of rows above that have a closed form; `test_kl.py` sees to it that no other pair claims one."""
