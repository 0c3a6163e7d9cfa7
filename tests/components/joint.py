"""Rows of distributions whose event is more than independent components (full covariance, spheres, flows, mixtures)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats

from jaxvae import distributions

Parameters = dict[str, np.ndarray]


class JointRow(NamedTuple):
    """A family of distributions over a whole event: how to build it, and the same family worked out independently."""

    make: Callable[..., distributions.Distribution]
    """From named parameter arrays and `event_ndim` (None means: leave it to its default, all axes)."""
    family: type
    """The class that the row is about."""
    parameters: Callable[[np.random.Generator, int], Parameters]
    """Random parameters in float64, every array with a leading batch axis of that size."""
    event_shape: tuple[int, ...]
    """Of one value."""
    log_prob: Callable[[Parameters, np.ndarray], np.ndarray]
    """The oracle: log-density in float64 of values `[n, *event]` for the parameters of ONE member (no batch axis)."""
    nodes: Callable[[Parameters], tuple[np.ndarray, np.ndarray]]
    """Points `[n, *event]` and weights `[n]` for ONE member: Σ weights · f(points) is ∫ f, or Σ f where discrete."""
    extremes: tuple[tuple[dict[str, Any], Any], ...] = ()
    """Parameters of one member far out, and a value at which density and gradient must be finite."""
    has_mean: bool = True
    closed_form_kl: tuple[str, ...] = ()
    """Names of rows of this table to which the family has a closed-form KL."""
    tolerance: float = 1e-5
    """Largest relative or absolute error of the log-density in float32 [nats]."""


def grid(centre: np.ndarray, spread: float, points: int = 301) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of the rectangle rule on a square of ± `spread` about a 1-D or 2-D centre."""
    axis = np.linspace(-spread, spread, points)
    mesh = np.stack(np.meshgrid(*[axis] * len(centre), indexing="ij"), axis=-1).reshape(-1, len(centre)) + centre
    return mesh, np.full(len(mesh), (axis[1] - axis[0]) ** len(centre))


def _multivariate_normal(rng: np.random.Generator, batch: int) -> Parameters:
    factor = np.tril(0.5 * rng.normal(size=(batch, 2, 2)))
    factor[:, [0, 1], [0, 1]] = np.exp(0.3 * rng.normal(size=(batch, 2)))
    return {"loc": rng.normal(size=(batch, 2)), "scale_tril": factor}


def _with_event_ndim(family: Callable[..., distributions.Distribution]) -> Callable[..., distributions.Distribution]:
    """`make` for a family whose event_ndim is a field."""

    def make(event_ndim: int | None, **parameters: Any) -> distributions.Distribution:
        return family(**parameters) if event_ndim is None else family(**parameters, event_ndim=event_ndim)

    return make


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


JOINT: dict[str, JointRow] = {
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
    "MultivariateNormal": JointRow(
        make=_with_event_ndim(distributions.MultivariateNormal),
        family=distributions.MultivariateNormal,
        parameters=_multivariate_normal,
        event_shape=(2,),
        log_prob=lambda p, x: stats.multivariate_normal(p["loc"], p["scale_tril"] @ p["scale_tril"].T).logpdf(x),
        nodes=lambda p: grid(p["loc"], spread=15.0),
        extremes=(
            ({"loc": [0.0, 0.0], "scale_tril": [[1e-4, 0.0], [1.0, 1e-4]]}, [1.0, -1.0]),
            ({"loc": [1e4, 0.0], "scale_tril": [[1e4, 0.0], [-1e4, 1e4]]}, [-1e4, 3.0]),
        ),
        closed_form_kl=("MultivariateNormal",),
        tolerance=3e-5,
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
