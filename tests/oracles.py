"""scipy's word on the distributions of the table, component by component, in float64."""

from typing import Any

import numpy as np

from jaxvae.typing import Shape
from tests.components import DistributionRow, Parameters


def component(row: DistributionRow, parameters: Parameters, where: tuple[int, ...]) -> Any:
    """The frozen scipy distribution of one component."""
    return row.scipy(**{name: value[where] for name, value in parameters.items()})


def is_continuous(oracle: Any) -> bool:
    """Whether the frozen distribution has a density rather than a mass."""
    return hasattr(oracle, "pdf")


def log_density(oracle: Any, values: Any) -> Any:
    """Log-density or log-mass of one component."""
    return (oracle.logpdf if is_continuous(oracle) else oracle.logpmf)(values)


_EDGES = np.array([1e-9, 1e-7, 1e-5, 1e-3, 0.01, 0.1, 0.3, 0.5])  # quantiles; a kink at the median is an edge
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)  # on [−1, 1]
_TAIL = 1e-12  # of the mass of an unbounded discrete distribution, beyond its last node


def nodes(oracle: Any) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights: Σ weights · f(points) is ∫ f but for 1e-9 at either end, or the sum over the support."""
    if is_continuous(oracle):
        edges = np.concatenate([oracle.ppf(_EDGES), oracle.isf(_EDGES[-2::-1])])
        middles, halves = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
        return np.ravel(middles[:, None] + halves[:, None] * _NODES), np.ravel(halves[:, None] * _WEIGHTS)
    if hasattr(oracle, "xk"):
        return oracle.xk, np.ones(len(oracle.xk))
    last = min(oracle.support()[1], oracle.isf(_TAIL))
    points = np.arange(oracle.support()[0], last + 1)
    return points, np.ones(len(points))


def log_prob(row: DistributionRow, parameters: Parameters, values: np.ndarray, shape: Shape) -> np.ndarray:
    """Log-density of each component of `values`, `[..., *shape]`, for parameters of components `shape`."""
    out = np.empty(values.shape)
    for where in np.ndindex(*shape):
        out[(..., *where)] = log_density(component(row, parameters, where), values[(..., *where)])
    return out


def draws(row: DistributionRow, parameters: Parameters, lead: Shape, shape: Shape) -> np.ndarray:
    """Random values inside the support, `[*lead, *shape]`."""
    out = np.empty((*lead, *shape))
    rng = np.random.default_rng(11)
    for where in np.ndindex(*shape):
        out[(..., *where)] = component(row, parameters, where).rvs(size=lead or None, random_state=rng)
    return out
