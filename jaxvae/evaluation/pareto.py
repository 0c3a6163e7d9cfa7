"""The shape of the tail of importance weights, which shows whether an estimate from them is reliable."""

import math
from typing import NamedTuple

import numpy as np

_PRIOR_DRAWS, _PRIOR_SHAPE = 10, 0.5  # weight of a weakly informative prior on k: Vehtari et al. 2024, appendix C
_QUARTILE_SHARE = 3.0  # of the prior of the profile likelihood: Zhang and Stephens 2009, section 3
SMALLEST_TAIL = 5  # draws


def tail_length(num_samples: int) -> int:
    """Number of the largest weights that count as the tail: ⌈min(K / 5, 3 √K)⌉. Vehtari et al. 2024, section 3.3.

    >>> tail_length(5000)
    213
    """
    return math.ceil(min(num_samples / 5, 3.0 * math.sqrt(num_samples)))


def trust_threshold(num_samples: int) -> float:
    """The k̂ above which K draws are too few: min(1 − 1 / log₁₀ K, 0.7). Vehtari et al. 2024, equation 13.

    >>> trust_threshold(5000)
    0.7
    """
    return min(1.0 - 1.0 / math.log10(num_samples), 0.7) if num_samples > 1 else -math.inf


class _Tail(NamedTuple):
    """The largest weights above their threshold u, in a unit that avoids overflow."""

    excesses: np.ndarray
    """(w − u) / unit, in falling order, `[n, tail]`."""
    log_unit: np.ndarray
    """The unit, `[n, 1]`."""
    threshold: np.ndarray
    """u / unit, `[n, 1]`."""
    differ: np.ndarray
    """Whether the weights of the tail differ and are finite, `[n]`; otherwise there is no shape."""

    @classmethod
    def of(cls, largest: np.ndarray) -> "_Tail":
        log_threshold = largest[:, -1:]
        # in units of the threshold, scaled down if the largest would overflow: k does not depend on the unit
        unit = np.maximum(log_threshold, largest[:, :1] - 600.0)
        with np.errstate(invalid="ignore"):  # −inf − −inf if no weight is finite
            threshold = np.exp(log_threshold - unit)
            excesses = np.exp(largest[:, :-1] - unit) - threshold
        return cls(excesses, unit, threshold, excesses[:, 0] > 0.0)


def _is_too_short(largest: np.ndarray, num_samples: int) -> bool:
    return largest.shape[1] <= SMALLEST_TAIL or tail_length(num_samples) < SMALLEST_TAIL


def pareto_shape(largest: np.ndarray, num_samples: int) -> np.ndarray:
    """The estimate k̂ of the shape of the generalized Pareto distribution of the largest weights.

    p(y) = (1 + k y / σ)^(−1/k − 1) / σ for y = w_k − u above the threshold u. The weights have 1 / k finite moments:
    the mean of K of them is reliable for k̂ up to about 0.7, and has no finite variance from ½ on. It is the estimator
    of Zhang and Stephens 2009, moved towards ½ by a prior worth 10 draws (Vehtari et al. 2024, appendix C).

    Args:
        largest: the largest log weights of each example in falling order, `[n, tail_length + 1]`; the last is log u.
        num_samples: K, the number of all draws.

    Returns:
        k̂ of each example, `[n]`; NaN if the tail has fewer than 5 draws, −inf if all its weights are equal, inf if
        none is finite.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> log_weights = np.sort(-0.5 * np.log(rng.uniform(size=(1, 100_000))))[:, ::-1]  # k = 1/2
        >>> bool(abs(pareto_shape(log_weights[:, :950], 100_000)[0] - 0.5) < 0.2)
        True
    """
    largest = np.asarray(largest, np.float64)
    if _is_too_short(largest, num_samples):
        return np.full(len(largest), np.nan)
    tail = _Tail.of(largest)
    shapes = np.where(np.isfinite(largest[:, 0]), -np.inf, np.inf)
    if np.any(tail.differ):
        shapes[tail.differ] = _fit(tail.excesses[tail.differ, ::-1])[0]
    return shapes


def pareto_smoothed(largest: np.ndarray, rest: np.ndarray, num_samples: int) -> np.ndarray:
    """log p̂(x) with the largest weights replaced by quantiles of the fitted Pareto distribution.

    log (1/K Σ_k w̃_k),  w̃ of rank r of the M largest = min(u + σ/k̂ ((1 − (r − ½)/M)^−k̂ − 1), max_k w_k)

    It has less variance than the plain mean of the weights and some bias, and it is not a bound. Vehtari et al. 2024,
    section 3.

    Args:
        largest: as for `pareto_shape`.
        rest: the logarithm of the sum of all other weights, `[n]`.
        num_samples: K.

    Returns:
        log p̂(x) of each example, nats, `[n]`; the plain estimate if the tail is too short or has no shape.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> log_weights = np.sort(-0.7 * np.log(rng.uniform(size=(200, 1000))))[:, ::-1]  # k = 0.7, mean 1 / 0.3
        >>> rest = np.log(np.sum(np.exp(log_weights[:, 96:]), axis=1))
        >>> plain = np.log(np.mean(np.exp(log_weights), axis=1))
        >>> bool(np.std(pareto_smoothed(log_weights[:, :96], rest, 1000)) < np.std(plain))
        True
    """
    largest, rest = np.asarray(largest, np.float64), np.asarray(rest, np.float64)
    smoothed = largest.copy()
    if not _is_too_short(largest, num_samples) and np.any((tail := _Tail.of(largest)).differ):
        shape, scale = (fitted[:, None] for fitted in _fit(tail.excesses[tail.differ, ::-1]))
        count = tail.excesses.shape[1]
        log_above = np.log1p(-(np.arange(count, 0, -1) - 0.5) / count)  # of the largest weight first
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            expected = np.where(shape == 0.0, -scale * log_above, scale * np.expm1(-shape * log_above) / shape)
            logs = np.log(expected + tail.threshold[tail.differ]) + tail.log_unit[tail.differ]
        smoothed[tail.differ, :-1] = np.minimum(logs, largest[tail.differ, :1])
    return np.logaddexp.reduce(np.append(smoothed, rest[:, None], axis=1), axis=1) - math.log(num_samples)


def _fit(excesses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """k̂ and σ from excesses in rising order, `[n, tail]`: a mean over a grid of θ = −k / σ, by its likelihood."""
    count = excesses.shape[1]
    points = 30 + int(math.sqrt(count))
    quartile = excesses[:, int(count / 4 + 0.5) - 1 : int(count / 4 + 0.5)]
    quartile = np.where(quartile > 0.0, quartile, excesses[:, -1:] * 1e-12)  # ties at the threshold
    grid = 1.0 - np.sqrt(points / (np.arange(1, points + 1) - 0.5))  # [points]
    theta = grid / (_QUARTILE_SHARE * quartile) + 1.0 / excesses[:, -1:]  # [n, points]
    shape_at = np.stack([np.mean(np.log1p(-one[:, None] * excesses), axis=1) for one in theta.T], axis=1)
    log_likelihood = count * (np.log(-theta / shape_at) - shape_at - 1.0)
    weights = np.exp(log_likelihood - np.max(log_likelihood, axis=1, keepdims=True))
    mean_theta = np.sum(weights * theta, axis=1) / np.sum(weights, axis=1)
    shape = np.mean(np.log1p(-mean_theta[:, None] * excesses), axis=1)
    return (count * shape + _PRIOR_DRAWS * _PRIOR_SHAPE) / (count + _PRIOR_DRAWS), -shape / mean_theta
