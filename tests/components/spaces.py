"""Rows of spaces of latents: points and weights to integrate over, and points where everything must be finite."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jaxvae.spaces import BINARY, CODEBOOK, LOG_ODDS, REAL, SPHERE, Space, poincare_ball
from jaxvae.typing import Params
from tests.components.discrete import log_odds_nodes, log_simplex_nodes


class SpaceRow(NamedTuple):
    """A space at the dimension that the generic tests use, `LATENT_DIM`."""

    nodes: Callable[..., tuple[np.ndarray, np.ndarray]]
    """From the space's parameters, points `[n, latent_dim]` and weights `[n]`: Σ weights · f(points) is ∫ f.

    The vectors of a codebook are known from the codebook alone, which its functions are given in their place.
    """
    points: Callable[..., np.ndarray]
    """From the space's parameters, a few points `[n, latent_dim]`, the farthest out among them."""


def square(half_width: int = 10, points: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of Gauss's rule on unit squares about 0, with edges where densities may have a kink."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    axis = (np.arange(-half_width, half_width)[:, None] + 0.5 * (nodes + 1)).ravel()
    mesh = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    weights = np.tile(0.5 * weights, 2 * half_width)
    return mesh, np.outer(weights, weights).ravel()


_BINARY = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def circle(points: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights, by arc length, of the unit circle."""
    angles = np.arange(points) * 2 * np.pi / points
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1), np.full(points, 2 * np.pi / points)


def disk(curvature: float, radii: int = 200, angles: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights, by area of the coordinates, of the Poincaré disk, even in its distances."""
    nodes, weights = np.polynomial.legendre.leggauss(radii)
    half = 3.0 * (nodes + 1)  # √c · distance / 2, from 0 to 6
    radius, slope = np.tanh(half) / np.sqrt(curvature), 1 / np.cosh(half) ** 2 / np.sqrt(curvature)
    directions, arcs = circle(angles)
    points = (radius[:, None, None] * directions).reshape(-1, 2)
    return points, np.outer(3.0 * weights * slope * radius, arcs).ravel()


def codebook_vectors(codebook: np.ndarray) -> np.ndarray:
    """Every vector of two dimensions of a codebook `[depth, num_codes, code_dim]`."""
    depth, _, code_dim = codebook.shape
    groups = 2 // (depth * code_dim)
    levels = [level for level in codebook for _ in range(groups)]
    return np.array([np.concatenate(codes) for codes in itertools.product(*levels)])


def _codebook_nodes(codebook: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    vectors = codebook_vectors(codebook)
    return vectors, np.ones(len(vectors))


SPACES: dict[str, SpaceRow] = {
    REAL.name: SpaceRow(nodes=square, points=lambda: np.array([[0.0, 0.0], [1e4, -1e4]])),
    BINARY.name: SpaceRow(nodes=lambda: (_BINARY, np.ones(4)), points=lambda: _BINARY),
    LOG_ODDS.name: SpaceRow(nodes=log_odds_nodes, points=lambda: np.array([[0.3, -0.6], [1e4, -1e4]])),
    "one-hot vectors": SpaceRow(nodes=lambda classes: (np.eye(classes), np.ones(classes)), points=np.eye),
    "log-probabilities": SpaceRow(
        nodes=lambda classes: log_simplex_nodes(classes, 401, spread=30.0),
        points=lambda classes: np.concatenate([np.full((1, classes), -np.log(classes)), 1e4 * (np.eye(classes) - 1)]),
    ),
    SPHERE.name: SpaceRow(nodes=circle, points=lambda: np.array([[1.0, 0.0], [-1.0, 0.0], [0.6, -0.8]])),
    poincare_ball(1.0).name: SpaceRow(
        nodes=disk, points=lambda curvature: np.array([[0.0, 0.0], [0.6, -0.8], [-1.0, 0.0]]) / np.sqrt(curvature)
    ),
    CODEBOOK.name: SpaceRow(
        nodes=_codebook_nodes,
        points=lambda codebook: np.concatenate([codebook_vectors(codebook), [[1e4, -1e4]]]),
    ),
}


def nodes(space: Space, params: Params) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of a space."""
    return SPACES[space.name].nodes(*_arguments(space, params))


def points(space: Space, params: Params) -> np.ndarray:
    """A few points of a space, the farthest out among them."""
    return SPACES[space.name].points(*_arguments(space, params))


def _arguments(space: Space, params: Params) -> tuple[Any, ...]:
    return (np.asarray(params["posterior"]["fixed"]["codebook"]),) if space == CODEBOOK else space.parameters
