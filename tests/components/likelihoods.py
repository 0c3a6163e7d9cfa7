"""Rows of likelihoods."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from jaxvae import likelihoods
from jaxvae.typing import Shape
from tests.helpers import DATA_SHAPE


class LikelihoodRow(NamedTuple):
    """A likelihood, and values on both sides of its support."""

    build: Callable[[], likelihoods.Likelihood]
    inside: tuple[Any, ...]
    """Numbers, or examples of `data_shape` where dimensions differ."""
    outside: tuple[Any, ...]
    data_shape: Shape = DATA_SHAPE


_REAL = {"inside": (-1e30, 0.0, 0.5), "outside": (np.nan, np.inf, -np.inf)}
_BINARY = {"inside": (0.0, 1.0), "outside": (0.5, -1.0, 2.0, 255.0, np.nan)}
_COUNTS = {"inside": (0.0, 1.0, 1e4), "outside": (0.5, -1.0, np.nan, np.inf)}

LIKELIHOODS = {
    "Bernoulli": LikelihoodRow(likelihoods.Bernoulli, **_BINARY),
    "BetaBinomial": LikelihoodRow(likelihoods.BetaBinomial, (0.0, 1.0, 100 / 255), (-1 / 255, 0.5, 256 / 255, np.nan)),
    "Mixed": LikelihoodRow(
        likelihoods.Mixed,
        inside=((0.0, 0.0, 0.0, 0.0, 0.0), (-1e4, 1e4, 1.0, 3.0, 2.0)),
        outside=(
            (np.nan, 0.0, 0.0, 0.0, 0.0),
            (0.0, 0.5, 0.0, 0.0, 0.0),
            (0.0, 0.0, 2.0, 0.0, 0.0),
            (0.0, 0.0, 0.0, 4.0, 0.0),
            (0.0, 0.0, 0.0, 0.0, 3.0),
            (0.0, 0.0, 0.0, -1.0, 0.5),
        ),
        data_shape=(5,),
    ),
    "Mixed-discrete": LikelihoodRow(
        partial(likelihoods.Mixed, columns=("ordinal:2", "count", "categorical:6")),
        inside=((1.0, 7.0, 5.0),),
        outside=((2.0, 7.0, 5.0), (1.0, -1.0, 5.0)),
        data_shape=(3,),
    ),
    "NegativeBinomial-fixed": LikelihoodRow(partial(likelihoods.NegativeBinomial, dispersion=0.7), **_COUNTS),
    "NegativeBinomial-learned": LikelihoodRow(likelihoods.NegativeBinomial, **_COUNTS),
    "NegativeBinomial-per_dimension": LikelihoodRow(
        partial(likelihoods.NegativeBinomial, dispersion="per_dimension"), **_COUNTS
    ),
    "Normal-fixed": LikelihoodRow(partial(likelihoods.Normal, scale=0.3), **_REAL),
    "Normal-learned": LikelihoodRow(partial(likelihoods.Normal, scale="learned", mean="sigmoid"), **_REAL),
    "Normal-per_pixel": LikelihoodRow(partial(likelihoods.Normal, scale="per_pixel", mean="tanh"), **_REAL),
    "Poisson": LikelihoodRow(likelihoods.Poisson, **_COUNTS),
    "ZeroInflated": LikelihoodRow(likelihoods.ZeroInflated, **_COUNTS),
    "ZeroInflated-BetaBinomial": LikelihoodRow(
        lambda: likelihoods.ZeroInflated(likelihoods.BetaBinomial(16)), (0.0, 0.5, 1.0), (0.1, 1.0625, np.inf)
    ),
}
