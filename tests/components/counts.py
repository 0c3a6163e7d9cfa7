"""Rows of distributions of counts and of rows of tables."""

from typing import Any

import numpy as np
from scipy import special, stats

from jaxvae import distributions
from tests.components.joint import JointRow, Parameters, grid


def _counts_grid(most: int, unit: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Every pair of counts up to a number, in a unit."""
    counts = np.arange(most + 1) * unit
    pairs = np.stack(np.meshgrid(counts, counts, indexing="ij"), axis=-1).reshape(-1, 2)
    return pairs, np.ones(len(pairs))


def _zero_inflated(event_ndim: int | None, logits: Any, rate: Any, dispersion: Any) -> distributions.Distribution:
    base = distributions.NegativeBinomial(rate, dispersion)
    return distributions.ZeroInflated(logits, base, **({} if event_ndim is None else {"event_ndim": event_ndim}))


def _zero_inflated_log_prob(p: Parameters, x: np.ndarray) -> np.ndarray:
    base = stats.nbinom.pmf(x, p["dispersion"], p["dispersion"] / (p["dispersion"] + p["rate"]))
    extra = special.expit(p["logits"])
    return np.log(extra * (x == 0) + (1 - extra) * base).sum(-1)


def _levels(event_ndim: int | None, alpha: Any, beta: Any) -> distributions.Distribution:
    base = distributions.BetaBinomial(5.0, alpha, beta)
    return distributions.Levels(base, 5, **({} if event_ndim is None else {"event_ndim": event_ndim}))


def _columns(event_ndim: int | None, loc: Any, scale: Any, rate: Any, logits: Any) -> distributions.Distribution:
    del event_ndim
    return distributions.Columns(
        (
            distributions.Normal(loc, scale, event_ndim=0),
            distributions.Poisson(rate, event_ndim=0),
            distributions.CategoricalCodes(logits, event_ndim=0),
        )
    )


def _columns_log_prob(p: Parameters, x: np.ndarray) -> np.ndarray:
    log_probs = special.log_softmax(p["logits"])[x[:, 2].astype(int)]
    return stats.norm.logpdf(x[:, 0], p["loc"], p["scale"]) + stats.poisson.logpmf(x[:, 1], p["rate"]) + log_probs


def _columns_nodes(p: Parameters) -> tuple[np.ndarray, np.ndarray]:
    reals, weights = grid(p["loc"][None], spread=12.0 * p["scale"], points=101)
    axes = (reals[:, 0], np.arange(30), np.arange(4))
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return points, np.repeat(weights, 30 * 4)


COUNTS: dict[str, JointRow] = {
    "Columns": JointRow(
        make=_columns,
        family=distributions.Columns,
        parameters=lambda rng, batch: {
            "loc": rng.normal(size=batch),
            "scale": np.exp(0.3 * rng.normal(size=batch)),
            "rate": np.exp(0.3 * rng.normal(size=batch)),
            "logits": rng.normal(size=(batch, 4)),
        },
        event_shape=(3,),
        log_prob=_columns_log_prob,
        nodes=_columns_nodes,
        extremes=(({"loc": -1e4, "scale": 1e-4, "rate": 1e4, "logits": [1e4, -1e4]}, [1e4, 0.0, 1.0]),),
    ),
    "Levels": JointRow(
        make=_levels,
        family=distributions.Levels,
        parameters=lambda rng, batch: {
            "alpha": np.exp(0.5 * rng.normal(size=(batch, 2))),
            "beta": np.exp(0.5 * rng.normal(size=(batch, 2))),
        },
        event_shape=(2,),
        log_prob=lambda p, x: stats.betabinom.logpmf(np.round(x * 5), 5, p["alpha"], p["beta"]).sum(-1),
        nodes=lambda p: _counts_grid(5, unit=1 / 5),
        extremes=(({"alpha": [1e-4, 1e4], "beta": [1e4, 1e4]}, [1.0, 0.4]),),
    ),
    "ZeroInflated": JointRow(
        make=_zero_inflated,
        family=distributions.ZeroInflated,
        parameters=lambda rng, batch: {
            "logits": rng.normal(size=(batch, 2)),
            "rate": np.exp(0.3 * rng.normal(size=(batch, 2))),
            "dispersion": np.exp(1.0 + 0.3 * rng.normal(size=(batch, 2))),
        },
        event_shape=(2,),
        log_prob=_zero_inflated_log_prob,
        nodes=lambda p: _counts_grid(80),
        extremes=(
            ({"logits": [1e4, -1e4], "rate": [1e4, 1e-4], "dispersion": [1e-4, 1e4]}, [0.0, 1e4]),
            ({"logits": [1e4, -1e4], "rate": [1e4, 1e-4], "dispersion": [1e4, 1e-4]}, [1.0, 0.0]),
        ),
    ),
}
