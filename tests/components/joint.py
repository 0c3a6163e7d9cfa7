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
    deviation: Callable[[Parameters, np.ndarray, np.ndarray], np.ndarray] = lambda _, mean, values: values - mean
    """Of values `[n, *event]` of ONE member from its mean: what is 0 on average (on a manifold a tangent vector)."""
    has_plain_gradient: bool = True
    """Whether draws and score give the gradient of an expectation: not straight through, which is biased, nor by a
    direction, where the derivative off the sphere has no meaning, nor by a codebook, which is no parameter."""
    closed_form_kl: tuple[str, ...] = ()
    """Names of rows, of this table or of DISTRIBUTIONS, to which the family has a closed-form KL."""
    tolerance: float = 1e-5
    """Largest relative or absolute error of the log-density in float32 [nats]."""


def grid(centre: np.ndarray, spread: float, points: int = 301) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of the rectangle rule on a cube of ± `spread` about a centre of few dimensions."""
    axis = np.linspace(-spread, spread, points)
    mesh = np.stack(np.meshgrid(*[axis] * len(centre), indexing="ij"), axis=-1).reshape(-1, len(centre)) + centre
    return mesh, np.full(len(mesh), (axis[1] - axis[0]) ** len(centre))


def _multivariate_normal(rng: np.random.Generator, batch: int) -> Parameters:
    factor = np.tril(0.5 * rng.normal(size=(batch, 2, 2)))
    factor[:, [0, 1], [0, 1]] = np.exp(0.3 * rng.normal(size=(batch, 2)))
    return {"loc": rng.normal(size=(batch, 2)), "scale_tril": factor}


def _low_rank_normal(rng: np.random.Generator, batch: int) -> Parameters:
    scale = np.exp(0.3 * rng.normal(size=(batch, 2)))
    return {"loc": rng.normal(size=(batch, 2)), "factor": rng.normal(size=(batch, 2, 3)), "scale": scale}


def _mixture(rng: np.random.Generator, batch: int) -> Parameters:
    """Three components."""
    scale = np.exp(0.3 * rng.normal(size=(batch, 3, 2)))
    return {"logits": rng.normal(size=(batch, 3)), "loc": 2.0 * rng.normal(size=(batch, 3, 2)), "scale": scale}


def _mixture_of_full(rng: np.random.Generator, batch: int) -> Parameters:
    parameters = _multivariate_normal(rng, 3 * batch)
    parameters = {name: array.reshape(batch, 3, *array.shape[1:]) for name, array in parameters.items()}
    return {"logits": rng.normal(size=(batch, 3)), **parameters}


def _mixture_of_bits(rng: np.random.Generator, batch: int) -> Parameters:
    return {"logits": rng.normal(size=(batch, 4)), "bits": rng.normal(size=(batch, 4, 3))}


def _mixture_log_prob(logits: np.ndarray, each: list[np.ndarray]) -> np.ndarray:
    """log Σ_k π_k p_k(x) from `[n]` log-densities of each component."""
    return special.logsumexp(np.stack(each, axis=-1) + special.log_softmax(logits), axis=-1)


def _joined(rng: np.random.Generator, batch: int) -> Parameters:
    """A mixture over the first dimension and a normal over the second: reparameterized in part."""
    first = {name: array[..., :1] if array.ndim == 3 else array for name, array in _mixture(rng, batch).items()}
    return {**first, "second_loc": rng.normal(size=(batch, 1)), "second_scale": np.exp(rng.normal(size=(batch, 1)) / 3)}


def _make_joined(event_ndim: int | None, second_loc: Any, second_scale: Any, **mixture: Any) -> distributions.Joined:
    del event_ndim
    second = distributions.Normal(second_loc, second_scale, event_ndim=1)
    return distributions.Joined(_make_mixture(None, **mixture), second, split=1)


def _make_mixture(event_ndim: int | None, logits: Any, loc: Any, scale: Any) -> distributions.Mixture:
    components = distributions.Normal(loc, scale, event_ndim=1)
    return with_event_ndim(distributions.Mixture)(event_ndim, logits=logits, components=components)


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


def with_event_ndim(family: Callable[..., distributions.Distribution]) -> Callable[..., distributions.Distribution]:
    """`make` for a family whose event_ndim is a field."""

    def make(event_ndim: int | None, **parameters: Any) -> distributions.Distribution:
        return family(**parameters) if event_ndim is None else family(**parameters, event_ndim=event_ndim)

    return make


def _member(parameters: Parameters, k: int) -> Parameters:
    """The parameters of component `k` of one mixture."""
    return {name: array[k] for name, array in parameters.items()}


JOINT: dict[str, JointRow] = {
    "MultivariateNormal": JointRow(
        make=with_event_ndim(distributions.MultivariateNormal),
        family=distributions.MultivariateNormal,
        parameters=_multivariate_normal,
        event_shape=(2,),
        log_prob=lambda p, x: stats.multivariate_normal(p["loc"], p["scale_tril"] @ p["scale_tril"].T).logpdf(x),
        nodes=lambda p: grid(p["loc"], spread=15.0),
        extremes=(
            ({"loc": [0.0, 0.0], "scale_tril": [[1e-4, 0.0], [1.0, 1e-4]]}, [1.0, -1.0]),
            ({"loc": [1e4, 0.0], "scale_tril": [[1e4, 0.0], [-1e4, 1e4]]}, [-1e4, 3.0]),
        ),
        closed_form_kl=("MultivariateNormal", "LowRankNormal", "Normal"),
        tolerance=3e-5,
    ),
    "LowRankNormal": JointRow(
        make=with_event_ndim(distributions.LowRankNormal),
        family=distributions.LowRankNormal,
        parameters=_low_rank_normal,
        event_shape=(2,),
        log_prob=lambda p, x: stats.multivariate_normal(
            p["loc"], np.diag(p["scale"] ** 2) + p["factor"] @ p["factor"].T
        ).logpdf(x),
        nodes=lambda p: grid(p["loc"], spread=20.0),
        extremes=(
            ({"loc": [0.0, 0.0], "factor": [[1e4], [1e4]], "scale": [1e-4, 1e-4]}, [1.0, -1.0]),
            ({"loc": [0.0, 0.0], "factor": [[1e4, 1e4], [1e4, 1e4]], "scale": [1e-4, 1e-4]}, [1.0, 1.0]),
            ({"loc": [1e4, 0.0], "factor": [[1e4, -1e4], [1e-4, 1.0]], "scale": [1e-4, 1e4]}, [-1e4, 3.0]),
            ({"loc": [1e4, 0.0], "factor": [[0.0], [0.0]], "scale": [1e4, 1e4]}, [-1e4, 3.0]),
        ),
        closed_form_kl=("MultivariateNormal", "LowRankNormal", "Normal"),
        tolerance=3e-5,
    ),
    "Mixture": JointRow(
        make=_make_mixture,
        family=distributions.Mixture,
        parameters=_mixture,
        event_shape=(2,),
        log_prob=lambda p, x: _mixture_log_prob(
            p["logits"], [stats.norm.logpdf(x, p["loc"][k], p["scale"][k]).sum(-1) for k in range(3)]
        ),
        nodes=lambda p: grid(p["loc"].mean(0), spread=20.0),
        extremes=(
            ({"logits": [1e4, -1e4], "loc": [[0.0], [1e4]], "scale": [[1e-4], [1e4]]}, [1e4]),
            ({"logits": [-np.inf, 0.0], "loc": [[0.0], [1e4]], "scale": [[1e-4], [1e-4]]}, [-1e4]),
        ),
    ),
    "Mixture-full": JointRow(
        make=lambda event_ndim, logits, **full: distributions.Mixture(logits, distributions.MultivariateNormal(**full)),
        family=distributions.Mixture,
        parameters=_mixture_of_full,
        event_shape=(2,),
        log_prob=lambda p, x: _mixture_log_prob(
            p["logits"], [JOINT["MultivariateNormal"].log_prob(_member(p, k), x) for k in range(3)]
        ),
        nodes=lambda p: grid(p["loc"].mean(0), spread=15.0),
        tolerance=3e-5,
    ),
    "Mixture-bits": JointRow(
        make=lambda event_ndim, logits, bits: distributions.Mixture(logits, distributions.Bernoulli(bits, 1)),
        family=distributions.Mixture,
        parameters=_mixture_of_bits,
        event_shape=(3,),
        log_prob=lambda p, x: _mixture_log_prob(
            p["logits"], [stats.bernoulli(special.expit(p["bits"][k])).logpmf(x).sum(-1) for k in range(4)]
        ),
        nodes=lambda p: (np.stack(list(np.ndindex(2, 2, 2))), np.ones(8)),
    ),
    "Joined": JointRow(
        make=_make_joined,
        family=distributions.Joined,
        parameters=_joined,
        event_shape=(2,),
        log_prob=lambda p, x: (
            _mixture_log_prob(p["logits"], [stats.norm.logpdf(x[:, 0], p["loc"][k], p["scale"][k]) for k in range(3)])
            + stats.norm.logpdf(x[:, 1], p["second_loc"], p["second_scale"])
        ),
        nodes=lambda p: grid(np.array([p["loc"].mean(), p["second_loc"][0]]), spread=15.0),
    ),
    "Joined-closed_form": JointRow(
        make=lambda event_ndim, loc, factor, scale, last: distributions.Joined(
            distributions.LowRankNormal(loc, factor, scale), distributions.Normal(last, 0.5, event_ndim=1), split=2
        ),
        family=distributions.Joined,
        parameters=lambda rng, batch: {**_low_rank_normal(rng, batch), "last": rng.normal(size=(batch, 1))},
        event_shape=(3,),
        log_prob=lambda p, x: JOINT["LowRankNormal"].log_prob(p, x[:, :2]) + stats.norm.logpdf(x[:, 2], p["last"], 0.5),
        nodes=lambda p: grid(np.append(p["loc"], p["last"]), spread=16.0, points=61),
        closed_form_kl=("Joined-closed_form", "Normal"),
        tolerance=3e-5,
    ),
    "DiscretizedLogisticMixtureRGB": JointRow(
        make=with_event_ndim(partial(distributions.DiscretizedLogisticMixtureRGB, num_levels=_RGB_LEVELS)),
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
