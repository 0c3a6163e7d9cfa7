"""Rows of distributions on the sphere and the Poincaré ball."""

from collections.abc import Callable

import numpy as np
from scipy import special, stats

from jaxvae import distributions
from tests.components.joint import JointRow, Parameters, with_event_ndim
from tests.components.spaces import circle, disk


def _von_mises_fisher(dim: int) -> Callable[[np.random.Generator, int], Parameters]:
    def parameters(rng: np.random.Generator, batch: int) -> Parameters:
        direction = rng.normal(size=(batch, dim))
        direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
        return {"mean_direction": direction, "concentration": 10.0 ** rng.uniform(-0.5, 1.5, batch)}

    return parameters


def _sphere(points: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of the unit sphere in three dimensions, by area."""
    heights, weights = np.polynomial.legendre.leggauss(points)
    around, arcs = circle(points)
    flat = np.sqrt(1 - heights**2)[:, None, None] * around
    heights = np.broadcast_to(heights[:, None, None], (points, points, 1))
    return np.concatenate([flat, heights], axis=-1).reshape(-1, 3), np.outer(weights, arcs).ravel()


def _uniform_log_prob(parameters: Parameters, x: np.ndarray) -> np.ndarray:
    half = parameters["like"].shape[-1] / 2
    return np.full(len(x), special.gammaln(half) - np.log(2) - half * np.log(np.pi))


def _poincare_normal(rng: np.random.Generator, batch: int) -> Parameters:
    curvature = np.exp(0.7 * rng.normal(size=batch))
    loc = rng.normal(size=(batch, 2))
    loc *= rng.uniform(0.1, 0.8, (batch, 1)) / np.linalg.norm(loc, axis=-1, keepdims=True) / np.sqrt(curvature)[:, None]
    return {"loc": loc, "scale": 0.5 * np.exp(0.4 * rng.normal(size=(batch, 2))), "curvature": curvature}


def _hyperboloid_log(base: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Log map of the unit Poincaré ball, by way of the hyperboloid: Nagano et al. 2019, equations 3 to 5."""

    def lift(y: np.ndarray) -> np.ndarray:
        square = np.sum(y**2, axis=-1, keepdims=True)
        return np.concatenate([1 + square, 2 * y], axis=-1) / (1 - square)

    def inner(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.sum(a[..., 1:] * b[..., 1:], axis=-1, keepdims=True) - a[..., :1] * b[..., :1]

    mu, z, origin = lift(base), lift(points), lift(np.zeros_like(base))
    alpha = np.maximum(-inner(mu, z), 1 + 1e-15)
    u = np.arccosh(alpha) / np.sqrt(alpha**2 - 1) * (z - alpha * mu)
    return (u + inner(origin, u) / (1 - inner(mu, origin)) * (mu + origin))[..., 1:]  # transported to the origin


def _poincare_deviation(p: Parameters, mean: np.ndarray, x: np.ndarray) -> np.ndarray:
    root = np.sqrt(p["curvature"])
    return _hyperboloid_log(root * mean, root * x) / root


def _poincare_log_prob(p: Parameters, x: np.ndarray) -> np.ndarray:
    vector = _poincare_deviation(p, p["loc"], x)
    length, dim = np.sqrt(p["curvature"]) * np.linalg.norm(vector, axis=-1), x.shape[-1]
    volume = (dim - 1) * np.log(length / np.sinh(length)) + dim * np.log(
        2 / (1 - p["curvature"] * np.sum(x**2, axis=-1))
    )
    return stats.norm.logpdf(vector, 0.0, p["scale"]).sum(-1) + volume


MANIFOLDS: dict[str, JointRow] = {
    "HypersphericalUniform": JointRow(
        make=with_event_ndim(distributions.HypersphericalUniform),
        family=distributions.HypersphericalUniform,
        parameters=lambda rng, batch: {"like": np.zeros((batch, 2))},
        event_shape=(2,),
        log_prob=_uniform_log_prob,
        nodes=lambda _: circle(),
    ),
    "VonMisesFisher": JointRow(
        has_plain_gradient=False,
        make=with_event_ndim(distributions.VonMisesFisher),
        family=distributions.VonMisesFisher,
        parameters=_von_mises_fisher(dim=2),
        event_shape=(2,),
        log_prob=lambda p, x: stats.vonmises_fisher(p["mean_direction"], p["concentration"]).logpdf(x),
        nodes=lambda _: circle(),
        extremes=(
            ({"mean_direction": [1.0, 0.0], "concentration": 0.0}, [-1.0, 0.0]),
            ({"mean_direction": [0.6, 0.8], "concentration": 1e-8}, [0.6, 0.8]),
            ({"mean_direction": [-1.0, 0.0], "concentration": 1e6}, [1.0, 0.0]),
        ),
        closed_form_kl=("HypersphericalUniform",),
    ),
    "VonMisesFisher-3d": JointRow(
        has_plain_gradient=False,
        make=with_event_ndim(distributions.VonMisesFisher),
        family=distributions.VonMisesFisher,
        parameters=_von_mises_fisher(dim=3),
        event_shape=(3,),
        log_prob=lambda p, x: stats.vonmises_fisher(p["mean_direction"], p["concentration"]).logpdf(x),
        nodes=lambda _: _sphere(),
        extremes=(({"mean_direction": [0.0, 0.0, 1.0], "concentration": 1e6}, [0.0, 1.0, 0.0]),),
    ),
    "PoincareNormal": JointRow(
        make=with_event_ndim(distributions.PoincareNormal),
        family=distributions.PoincareNormal,
        parameters=_poincare_normal,
        event_shape=(2,),
        log_prob=_poincare_log_prob,
        nodes=lambda p: disk(p["curvature"]),
        extremes=(
            ({"loc": [0.0, 0.0], "scale": [1e-4, 1e4], "curvature": 1.0}, [0.0, 0.0]),
            ({"loc": [0.6, -0.8], "scale": [1e-4, 1e-4], "curvature": 1.0}, [-0.6, 0.8]),  # both on the rim
            ({"loc": [0.6, -0.8], "scale": [1.0, 1.0], "curvature": 1.0}, [0.6, -0.8]),
            ({"loc": [30.0, 5.0], "scale": [1.0, 1.0], "curvature": 1e-4}, [-9.0, 9.0]),
        ),
        deviation=_poincare_deviation,
        tolerance=3e-5,
    ),
}
