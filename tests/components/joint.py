"""Rows of distributions whose event is more than independent components (full covariance, spheres, flows, mixtures)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats

from jaxvae import bijectors, distributions, networks

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


def _planar(rng: np.random.Generator, batch: int) -> Parameters:
    base = {"loc": rng.normal(size=(batch, 2)), "scale": np.exp(0.3 * rng.normal(size=(batch, 2)))}
    return base | {"context": rng.normal(size=(batch, 5))}


def _make_planar(event_ndim: int | None, loc: Any, scale: Any, context: Any) -> distributions.Transformed:
    base = distributions.Normal(loc, scale, -1 if event_ndim is None else event_ndim)
    return distributions.Transformed(base, bijectors.Planar(), {"weights": {}, "context": context})


def _planar_log_prob(p: Parameters, y: np.ndarray) -> np.ndarray:
    """z by halving, one value of wᵀz each, then the change of variables."""
    u, w, b = p["context"][:2], p["context"][2:4], p["context"][4]
    slope = 0.999 * np.log1p(np.exp(w @ u + np.log(np.expm1(1.0)))) + 0.001 - 1.0
    u = u + (slope - w @ u) * w / (w @ w)
    low, high = y @ w - abs(slope), y @ w + abs(slope)
    for _ in range(60):
        middle = (low + high) / 2
        is_above = middle + slope * np.tanh(middle + b) > y @ w
        low, high = np.where(is_above, low, middle), np.where(is_above, middle, high)
    bend = np.tanh(low + b)
    z = y - u * bend[:, None]
    return stats.norm(p["loc"], p["scale"]).logpdf(z).sum(-1) - np.log1p(slope * (1 - bend**2))


def _maf(rng: np.random.Generator, batch: int) -> Parameters:
    sizes = {"loc": (2,), "scale": (2,), "kernel": (3, 4), "bias": (4,), "context": (1,)}
    parameters = {name: 0.4 * rng.normal(size=(batch, *shape)) for name, shape in sizes.items()}
    return parameters | {"scale": np.exp(parameters["scale"])}


def _make_maf(event_ndim: int | None, loc: Any, scale: Any, kernel: Any, bias: Any, context: Any) -> Any:
    base = distributions.Normal(loc, scale, -1 if event_ndim is None else event_ndim)
    params = {"weights": {"layer_0": {"kernel": kernel, "bias": bias}}, "context": context}
    return distributions.Transformed(base, bijectors.MAF(features=()), params)


def _maf_log_prob(p: Parameters, y: np.ndarray) -> np.ndarray:
    """Numbers for the first dimension from the context, for the second from it and the first dimension."""
    constant = p["bias"] + p["context"] @ p["kernel"][:1]
    shift = constant[:2] + np.stack([0 * y[:, 0], y[:, 0] * p["kernel"][1, 1]], axis=-1)
    log_scale = 3 * np.tanh((constant[2:] + np.stack([0 * y[:, 0], y[:, 0] * p["kernel"][1, 3]], axis=-1)) / 3)
    z = (y - shift) * np.exp(-log_scale)
    return np.sum(stats.norm(p["loc"], p["scale"]).logpdf(z) - log_scale, axis=-1)


def _autoregressive(rng: np.random.Generator, batch: int) -> Parameters:
    return {"kernel": 0.5 * rng.normal(size=(batch, 2, 12)), "bias": 0.5 * rng.normal(size=(batch, 12))}


def _make_autoregressive(event_ndim: int | None, kernel: Any, bias: Any) -> distributions.Autoregressive:
    del event_ndim
    return distributions.Autoregressive(networks.MADE(2, 6, 0, ()), {"layer_0": {"kernel": kernel, "bias": bias}})


def _autoregressive_log_prob(p: Parameters, x: np.ndarray) -> np.ndarray:
    """Two components, numbers in the order logits, means, scales, of both components, for both dimensions."""
    total = np.zeros(len(x))
    for d in range(2):
        numbers = p["bias"][d::2] + (x[:, :1] * p["kernel"][0, d::2] if d else np.zeros((len(x), 1)))
        logits, shift, raw = numbers[:, :2], numbers[:, 2:4], numbers[:, 4:]
        scale = 0.001 + (np.sqrt(0.75) - 0.001) * np.log1p(np.exp(raw + np.log(np.expm1(1.0))))
        components = stats.norm(shift + np.array([-0.5, 0.5]), scale).logpdf(x[:, d : d + 1])
        total += special.logsumexp(special.log_softmax(logits, axis=-1) + components, axis=-1)
    return total


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
    "Transformed-Planar": JointRow(
        make=_make_planar,
        family=distributions.Transformed,
        parameters=_planar,
        event_shape=(2,),
        log_prob=_planar_log_prob,
        nodes=lambda p: grid(p["loc"], spread=15.0),
        extremes=(
            ({"loc": [0.0, 0.0], "scale": [1.0, 1e-4], "context": [1e4, 0.0, -1e4, 1e4, 0.0]}, [3.0, -1.0]),
            ({"loc": [1e4, 0.0], "scale": [1e4, 1.0], "context": [0.0, 0.0, 0.0, 0.0, 0.0]}, [-1e4, 1e4]),
        ),
        has_mean=False,
        tolerance=2e-4,
    ),
    "Transformed-MAF": JointRow(
        make=_make_maf,
        family=distributions.Transformed,
        parameters=_maf,
        event_shape=(2,),
        log_prob=_maf_log_prob,
        nodes=lambda p: grid(p["loc"], spread=15.0),
        has_mean=False,
        tolerance=3e-5,
    ),
    "Autoregressive": JointRow(
        make=_make_autoregressive,
        family=distributions.Autoregressive,
        parameters=_autoregressive,
        event_shape=(2,),
        log_prob=_autoregressive_log_prob,
        nodes=lambda p: grid(np.zeros(2), spread=15.0),
        extremes=(
            ({"kernel": 1e4 * np.ones((2, 12)), "bias": np.linspace(-1e4, 1e4, 12)}, [1.0, -1.0]),
            ({"kernel": np.zeros((2, 12)), "bias": np.zeros(12)}, [1e4, -1e4]),
        ),
        has_mean=False,
        tolerance=3e-5,
    ),
}
