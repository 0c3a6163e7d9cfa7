"""Nearest neighbours by exact search, a chunk of the distances in memory at a time."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

NUMBERS_AT_ONCE = 2**23  # distances in memory: 64 MiB
ROUNDING = 1e-12  # of squared distances and norms, in float64


def _chunks(queries: np.ndarray, points: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Rows of `queries` and ‖query − point‖² of these, `[rows, points]`, float64."""
    middle = points.mean(axis=0, dtype=np.float64)  # centred, the squares cancel least
    points = points - middle
    size = max(1, NUMBERS_AT_ONCE // len(points))
    norms = np.sum(points**2, axis=1)
    for start in range(0, len(queries), size):
        rows = slice(start, start + size)
        chunk = queries[rows] - middle
        squares = np.sum(chunk**2, axis=1)[:, None] + norms - 2.0 * (chunk @ points.T)
        yield rows, np.maximum(squares, 0.0)


def nearest(queries: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of `points` to each query: its index (the first of equally near ones), and its distance.

    Args:
        queries: `[n, d]`.
        points: `[m, d]`.

    Returns:
        `[n]` int64 and `[n]` float64.

    Example:
        >>> [part.tolist() for part in nearest(np.array([[0.0], [7.0]]), np.array([[3.0], [1.0], [5.0]]))]
        [[1, 2], [1.0, 2.0]]
    """
    indices = np.concatenate([squares.argmin(axis=1) for _, squares in _chunks(queries, points)])
    return indices, np.linalg.norm(np.asarray(queries, np.float64) - points[indices], axis=1)


def ball_squares(points: np.ndarray, k: int) -> np.ndarray:
    """The squared distance from each point to the k-th nearest of the others, `[n]`.

    >>> ball_squares(np.array([[0.0], [1.0], [3.0], [7.0]]), k=2).tolist()
    [9.0, 4.0, 9.0, 36.0]
    """
    squares = np.empty(len(points))
    for rows, distances in _chunks(points, points):
        own = np.arange(len(points))[rows]
        distances[np.arange(len(own)), own] = np.inf
        squares[rows] = np.partition(distances, k - 1, axis=1)[:, k - 1]
    return squares


class InBalls(NamedTuple):
    """Which of n queries lie in which of m balls."""

    balls: np.ndarray
    """Number of balls around each query, `[n]` int64."""
    is_reached: np.ndarray
    """Whether there is a query in each ball, `[m]` bool."""


def in_balls(queries: np.ndarray, centres: np.ndarray, squares: np.ndarray) -> InBalls:
    """Which queries lie in which balls, including their surface.

    Args:
        queries: `[n, d]`.
        centres: `[m, d]`.
        squares: squared radii, `[m]`.
    """
    balls = np.empty(len(queries), np.int64)
    is_reached = np.zeros(len(centres), bool)
    largest = np.sum((centres - centres.mean(axis=0)) ** 2, axis=1).max()
    # without a margin, rounding would decide whether a copy of a centre's neighbour is in its ball
    limits = squares * (1.0 + ROUNDING) + ROUNDING * largest
    for rows, distances in _chunks(queries, centres):
        is_in = distances <= limits
        balls[rows] = is_in.sum(axis=1)
        is_reached |= is_in.any(axis=0)
    return InBalls(balls, is_reached)
