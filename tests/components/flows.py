"""Rows of distributions made of bijectors, worked out once more in numpy."""

from typing import Any

import numpy as np
from scipy import special, stats

from jaxvae import bijectors, distributions, networks
from tests.components.joint import JointRow, Parameters, grid


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


def _planar_on_mixture(rng: np.random.Generator, batch: int) -> Parameters:
    """Three components in the base."""
    base = {"logits": rng.normal(size=(batch, 3)), "loc": 2.0 * rng.normal(size=(batch, 3, 2))}
    return base | {"scale": np.exp(0.3 * rng.normal(size=(batch, 3, 2))), "context": rng.normal(size=(batch, 5))}


def _make_planar_on_mixture(event_ndim: int | None, logits: Any, loc: Any, scale: Any, context: Any) -> Any:
    del event_ndim
    base = distributions.Mixture(logits, distributions.Normal(loc, scale, 1))
    return distributions.Transformed(base, bijectors.Planar(), {"weights": {}, "context": context})


def _planar_on_mixture_log_prob(p: Parameters, y: np.ndarray) -> np.ndarray:
    """A mixture that is carried through a map is the mixture of its components carried through it."""
    each = [
        _planar_log_prob({"loc": loc, "scale": scale, "context": p["context"]}, y)
        for loc, scale in zip(p["loc"], p["scale"], strict=True)
    ]
    return special.logsumexp(np.stack(each, axis=-1) + special.log_softmax(p["logits"]), axis=-1)


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


def _autoregressive_bernoulli(rng: np.random.Generator, batch: int) -> Parameters:
    return {
        "kernel": rng.normal(size=(batch, 3, 3)),
        "bias": rng.normal(size=(batch, 3)),
        "logits": rng.normal(size=(batch, 3)),
    }


def _make_autoregressive_bernoulli(
    event_ndim: int | None, kernel: Any, bias: Any, logits: Any
) -> distributions.AutoregressiveBernoulli:
    weights = {"layer_0": {"kernel": kernel, "bias": bias}}
    return distributions.AutoregressiveBernoulli(
        networks.MADE(3, 1, 0, ()), weights, logits, -1 if event_ndim is None else event_ndim
    )


def _autoregressive_bernoulli_log_prob(p: Parameters, x: np.ndarray) -> np.ndarray:
    """The log-odds of a pixel gain the kernel's entries of the earlier ones, one loop over the pixels."""
    total = np.zeros(len(x))
    for d in range(3):
        log_odds = p["logits"][d] + p["bias"][d] + x[:, :d] @ p["kernel"][:d, d]
        total += stats.bernoulli(special.expit(log_odds)).logpmf(x[:, d])
    return total


FLOWS: dict[str, JointRow] = {
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
    "Transformed-mixture": JointRow(
        make=_make_planar_on_mixture,
        family=distributions.Transformed,
        parameters=_planar_on_mixture,
        event_shape=(2,),
        log_prob=_planar_on_mixture_log_prob,
        nodes=lambda p: grid(np.zeros(2), spread=15.0),
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
    "AutoregressiveBernoulli": JointRow(
        make=_make_autoregressive_bernoulli,
        family=distributions.AutoregressiveBernoulli,
        parameters=_autoregressive_bernoulli,
        event_shape=(3,),
        log_prob=_autoregressive_bernoulli_log_prob,
        nodes=lambda p: (np.stack(list(np.ndindex(2, 2, 2))), np.ones(8)),
        extremes=(
            ({"kernel": 1e4 * np.ones((3, 3)), "bias": [1e4, 0.0, -1e4], "logits": [-1e4, 1e4, 0.0]}, [1.0, 0.0, 1.0]),
        ),
        has_mean=False,
    ),
}
