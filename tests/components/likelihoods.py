"""Rows of likelihoods."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from jaxvae import likelihoods


class LikelihoodRow(NamedTuple):
    """A likelihood, and values on both sides of its support."""

    build: Callable[[], likelihoods.Likelihood]
    inside: tuple[float, ...]
    outside: tuple[float, ...]


_REAL = {"inside": (-1e30, 0.0, 0.5), "outside": (np.nan, np.inf, -np.inf)}
_BINARY = {"inside": (0.0, 1.0), "outside": (0.5, -1.0, 2.0, 255.0, np.nan)}

LIKELIHOODS = {
    "Bernoulli": LikelihoodRow(likelihoods.Bernoulli, **_BINARY),
    "Normal-fixed": LikelihoodRow(partial(likelihoods.Normal, scale=0.3), **_REAL),
    "Normal-learned": LikelihoodRow(partial(likelihoods.Normal, scale="learned", mean="sigmoid"), **_REAL),
    "Normal-per_pixel": LikelihoodRow(partial(likelihoods.Normal, scale="per_pixel", mean="tanh"), **_REAL),
}
