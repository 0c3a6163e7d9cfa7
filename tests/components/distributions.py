"""Rows of distributions with independent components, each with an oracle in scipy or numpyro."""

from collections.abc import Callable
from functools import partial
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
    numpyro: Callable[..., Any] | None
    """The numpyro distribution of all components, no event axes declared; None where numpyro has none."""
    extremes: tuple[Extreme, ...]
    has_mean: bool = True

    @property
    def family(self) -> type:
        """The class that the row is about."""
        return self.make.func if isinstance(self.make, partial) else self.make  # type: ignore[return-value]


class _ContinuousBernoulli(stats.rv_continuous):
    """By its textbook formulas; the parameters of the tests stay clear of logits 0, where they are 0/0."""

    def _pdf(self, x: Any, logits: Any) -> Any:
        return logits * np.exp(logits * x) / np.expm1(logits)

    def _logpdf(self, x: Any, logits: Any) -> Any:
        return logits * x - np.log(np.expm1(logits) / logits)

    def _cdf(self, x: Any, logits: Any) -> Any:
        return np.expm1(logits * x) / np.expm1(logits)

    def _ppf(self, q: Any, logits: Any) -> Any:
        return np.log1p(q * np.expm1(logits)) / logits

    def _argcheck(self, logits: Any) -> Any:
        return logits != 0


def discretized_logistic_masses(loc: float, scale: float, num_levels: int) -> np.ndarray:
    """Differences of the distribution function at the edges between levels, 0 below the first and 1 above the last."""
    edges = (np.arange(1, num_levels) - 0.5) / (num_levels - 1)
    return np.diff(np.concatenate([[0.0], stats.logistic.cdf(edges, loc, scale), [1.0]]))


def _of_levels(masses: np.ndarray) -> Any:
    return stats.rv_discrete(values=(np.linspace(0.0, 1.0, len(masses)), masses))


_LEVELS = 5  # multiples of ¼ are the same number in float32 and float64


def _logistic_mixture(rng: np.random.Generator, shape: Shape) -> Parameters:
    shape = (*shape, 3)
    return {
        "logits": rng.normal(size=shape),
        "locs": rng.normal(0.5, 0.3, shape),
        "scales": rng.uniform(0.1, 0.4, shape),
    }


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
    "Laplace": DistributionRow(
        make=distributions.Laplace,
        parameters=lambda rng, shape: {"loc": rng.normal(size=shape), "scale": np.exp(0.5 * rng.normal(size=shape))},
        scipy=lambda loc, scale: stats.laplace(loc, scale),
        numpyro=numpyro.Laplace,
        extremes=(
            Extreme({"loc": -1e4, "scale": 1e-4}, 1e4, -2e8 - np.log(2e-4)),
            Extreme({"loc": -1e4, "scale": 1e-4}, -1e4, -np.log(2e-4)),
            Extreme({"loc": 1.0, "scale": 1e4}, 0.0, -1e-4 - np.log(2e4)),
        ),
    ),
    "LogNormal": DistributionRow(
        make=distributions.LogNormal,
        parameters=lambda rng, shape: {
            "loc": rng.normal(size=shape),
            "scale": np.exp(0.3 * rng.normal(size=shape) - 0.7),
        },
        scipy=lambda loc, scale: stats.lognorm(scale, scale=np.exp(loc)),
        numpyro=numpyro.LogNormal,
        extremes=(
            Extreme({"loc": 0.0, "scale": 1e-4}, 1.0, -np.log(1e-4) - 0.5 * np.log(2 * np.pi)),
            Extreme({"loc": -20.0, "scale": 1e-4}, 1.0, -2e10 - np.log(1e-4) - 0.5 * np.log(2 * np.pi)),
            Extreme({"loc": 3.0, "scale": 2.0}, 0.0, -np.inf),
            Extreme({"loc": 3.0, "scale": 2.0}, -1.0, -np.inf),
        ),
    ),
    "Logistic": DistributionRow(
        make=distributions.Logistic,
        parameters=lambda rng, shape: {"loc": rng.normal(size=shape), "scale": np.exp(0.5 * rng.normal(size=shape))},
        scipy=lambda loc, scale: stats.logistic(loc, scale),
        numpyro=numpyro.Logistic,
        extremes=(
            Extreme({"loc": -1e4, "scale": 1e-4}, 1e4, -2e8 - np.log(1e-4)),
            Extreme({"loc": 1e4, "scale": 1e-4}, -1e4, -2e8 - np.log(1e-4)),
            Extreme({"loc": -1e4, "scale": 1e-4}, -1e4, -np.log(4e-4)),
            Extreme({"loc": 0.0, "scale": 1e4}, 0.0, -np.log(4e4)),
        ),
    ),
    "StudentT": DistributionRow(
        make=distributions.StudentT,
        parameters=lambda rng, shape: {
            "df": rng.uniform(12.0, 40.0, shape),  # the error of a sample variance needs moments above the eighth
            "loc": rng.normal(size=shape),
            "scale": np.exp(0.5 * rng.normal(size=shape)),
        },
        scipy=lambda df, loc, scale: stats.t(df, loc, scale),
        numpyro=numpyro.StudentT,
        extremes=tuple(
            Extreme({"df": df, "loc": loc, "scale": scale}, value, stats.t.logpdf(value, df, loc, scale))
            for df in (1e-4, 0.5, 1.0, 3.0, 1e4, 1e8)
            for loc, scale, value in ((-1e4, 1e-4, 1e4), (-1e4, 1e-4, -1e4), (0.0, 1e4, 1.0), (0.0, 1.0, 2.0))
        ),
    ),
    "ContinuousBernoulli": DistributionRow(
        make=distributions.ContinuousBernoulli,
        parameters=lambda rng, shape: {"logits": 3 * rng.normal(size=shape)},
        scipy=_ContinuousBernoulli(a=0.0, b=1.0),
        numpyro=None,
        extremes=(
            Extreme({"logits": 1e4}, 1.0, np.log(1e4)),
            Extreme({"logits": 1e4}, 0.0, np.log(1e4) - 1e4),
            Extreme({"logits": -1e4}, 0.0, np.log(1e4)),
            Extreme({"logits": -1e4}, 1.0, np.log(1e4) - 1e4),
            Extreme({"logits": 0.0}, 0.25, 0.0),
            Extreme({"logits": 1e-8}, 1.0, 0.5e-8),
        ),
    ),
    "DiscretizedLogistic": DistributionRow(
        make=partial(distributions.DiscretizedLogistic, num_levels=_LEVELS),
        parameters=lambda rng, shape: {"loc": rng.normal(0.5, 0.3, shape), "scale": rng.uniform(0.1, 0.4, shape)},
        scipy=lambda loc, scale: _of_levels(discretized_logistic_masses(loc, scale, _LEVELS)),
        numpyro=None,
        extremes=(
            Extreme({"loc": 1e4, "scale": 1e-4}, 0.0, -(1e4 - 0.125) / 1e-4),
            Extreme({"loc": 1e4, "scale": 1e-4}, 0.5, -(1e4 - 0.625) / 1e-4),
            Extreme({"loc": 1e4, "scale": 1e-4}, 1.0, 0.0),
            Extreme({"loc": -1e4, "scale": 1e-4}, 0.0, 0.0),
            Extreme({"loc": -1e4, "scale": 1e-4}, 1.0, -(1e4 + 0.875) / 1e-4),
            Extreme({"loc": 0.5, "scale": 1e-4}, 0.5, 0.0),
            Extreme({"loc": 0.5, "scale": 1e4}, 0.5, np.log(0.25 / 4e4)),
            Extreme({"loc": 1e4, "scale": 1.0}, 0.75, -(1e4 - 0.875) + np.log(-np.expm1(-0.25))),
        ),
    ),
    "DiscretizedLogisticMixture": DistributionRow(
        make=partial(distributions.DiscretizedLogisticMixture, num_levels=_LEVELS),
        parameters=_logistic_mixture,
        scipy=lambda logits, locs, scales: _of_levels(
            sum(
                weight * discretized_logistic_masses(loc, scale, _LEVELS)
                for weight, loc, scale in zip(special.softmax(logits), locs, scales, strict=True)
            )
        ),
        numpyro=None,
        extremes=(
            Extreme(
                {"logits": [1e4, 0.0], "locs": [1e4, 0.0], "scales": [1e-4, 0.1]},
                0.5,
                -1e4 + np.log(discretized_logistic_masses(0.0, 0.1, _LEVELS)[2]),
            ),
            Extreme({"logits": [0.0, 0.0], "locs": [1e4, -1e4], "scales": [1e-4, 1e-4]}, 1.0, -np.log(2)),
            Extreme(
                {"logits": [0.0, -1e4], "locs": [1e4, -1e4], "scales": [1e-4, 1e4]},
                0.0,
                -1e4 + np.log(special.expit((0.125 + 1e4) / 1e4)),
            ),
        ),
    ),
    "CategoricalLevels": DistributionRow(
        make=distributions.CategoricalLevels,
        parameters=lambda rng, shape: {"logits": rng.normal(size=(*shape, _LEVELS))},
        scipy=lambda logits: _of_levels(special.softmax(logits)),
        numpyro=None,
        extremes=(
            Extreme({"logits": [1e4, 0.0, -1e4]}, 0.0, 0.0),
            Extreme({"logits": [1e4, 0.0, -1e4]}, 1.0, -2e4),
            Extreme({"logits": [-1e4, -1e4, -1e4]}, 0.5, -np.log(3)),
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

CLOSED_FORM_KL = {
    ("Normal", "Normal"),
    ("Normal", "MultivariateNormal"),
    ("Normal", "LowRankNormal"),
    ("Bernoulli", "Bernoulli"),
    ("Categorical", "Categorical"),
    ("Laplace", "Laplace"),
    ("LogNormal", "LogNormal"),
    ("Poisson", "Poisson"),
}
"""Pairs (q, p) that have a closed form, q a row above, p one above (`test_kl.py`) or of JOINT (`test_joint.py`).

The tests see to it that no other pair claims one.
"""
