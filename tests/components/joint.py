"""Rows of distributions whose event is more than independent components (full covariance, spheres, flows, mixtures)."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats

from jaxvae import distributions
from tests.components.distributions import discretized_logistic_masses

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


_RGB_LEVELS = 4


def _rgb_mixture(rng: np.random.Generator, batch: int) -> Parameters:
    return {
        "logits": rng.normal(size=(batch, 1, 2, 5)),
        "locs": rng.normal(0.5, 0.3, (batch, 1, 2, 3, 5)),
        "scales": rng.uniform(0.05, 0.3, (batch, 1, 2, 3, 5)),
        "coefficients": np.tanh(rng.normal(size=(batch, 1, 2, 3, 5))),
    }


def _rgb_log_prob(p: Parameters, x: np.ndarray) -> np.ndarray:
    """Table by table: the masses of each channel for each value of those before it."""
    levels, pixels = np.linspace(0.0, 1.0, _RGB_LEVELS), np.ndindex(1, 2)
    index, total = np.round(x * (_RGB_LEVELS - 1)).astype(int), np.zeros(len(x))
    for where in pixels:
        table = np.zeros((_RGB_LEVELS,) * 3)
        for k, weight in enumerate(special.softmax(p["logits"][where])):
            loc, scale, c = (p[name][(*where, slice(None), k)] for name in ("locs", "scales", "coefficients"))
            red = discretized_logistic_masses(loc[0], scale[0], _RGB_LEVELS)
            for i, r in enumerate(levels - 0.5):
                green = discretized_logistic_masses(loc[1] + c[0] * r, scale[1], _RGB_LEVELS)
                for j, g in enumerate(levels - 0.5):
                    blue = discretized_logistic_masses(loc[2] + c[1] * r + c[2] * g, scale[2], _RGB_LEVELS)
                    table[i, j] += weight * red[i] * green[j] * blue
        total += np.log(table[tuple(index[(..., *where, slice(None))].T)])
    return total


def _rgb_nodes(_: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """Every image of 1 · 2 pixels and 3 channels."""
    images = np.stack(np.meshgrid(*[np.linspace(0.0, 1.0, _RGB_LEVELS)] * 6, indexing="ij"), axis=-1)
    return images.reshape(-1, 1, 2, 3), np.ones(_RGB_LEVELS**6)


def _with_event_ndim(family: Callable[..., distributions.Distribution]) -> Callable[..., distributions.Distribution]:
    """`make` for a family whose event_ndim is a field."""

    def make(event_ndim: int | None, **parameters: Any) -> distributions.Distribution:
        return family(**parameters) if event_ndim is None else family(**parameters, event_ndim=event_ndim)

    return make


JOINT: dict[str, JointRow] = {
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
    "DiscretizedLogisticMixtureRGB": JointRow(
        make=_with_event_ndim(partial(distributions.DiscretizedLogisticMixtureRGB, num_levels=_RGB_LEVELS)),
        family=distributions.DiscretizedLogisticMixtureRGB,
        parameters=_rgb_mixture,
        event_shape=(1, 2, 3),
        log_prob=_rgb_log_prob,
        nodes=_rgb_nodes,
        extremes=(
            (
                {
                    "logits": [1e4, -1e4],
                    "locs": [[1e4, -1e4], [-1e4, 1e4], [0.0, 0.0]],
                    "scales": [[1e-4, 1e4], [1e4, 1e-4], [1e-4, 1e-4]],
                    "coefficients": [[1.0, -1.0], [-1.0, 1.0], [1e4, -1e4]],
                },
                [0.0, 1.0, 1.0 / 3.0],
            ),
        ),
        has_mean=False,
    ),
}
