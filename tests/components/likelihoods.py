"""Rows of likelihoods."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from jaxvae import likelihoods
from jaxvae.typing import Shape
from tests.sizes import DATA_SHAPE


class LikelihoodRow(NamedTuple):
    """A likelihood, and values on both sides of its support."""

    build: Callable[[], likelihoods.Likelihood]
    inside: tuple[Any, ...]
    """Numbers, or examples of `data_shape` where dimensions differ."""
    outside: tuple[Any, ...]
    data_shape: Shape = DATA_SHAPE
    has_mean: bool = True


_REAL = {"inside": (-1e30, 0.0, 0.5), "outside": (np.nan, np.inf, -np.inf)}
_SIX_LEVELS = {"inside": (0.0, 1.0, 0.2, float(np.float32(0.6))), "outside": (0.5, 0.21, -0.2, 1.2, np.nan, np.inf)}
_BINARY = {"inside": (0.0, 1.0), "outside": (0.5, -1.0, 2.0, 255.0, np.nan)}
_COUNTS = {"inside": (0.0, 1.0, 1e4), "outside": (0.5, -1.0, np.nan, np.inf)}

LIKELIHOODS = {
    "AutoregressiveBernoulli": LikelihoodRow(
        partial(likelihoods.AutoregressiveBernoulli, features=(13,), activation="tanh"), **_BINARY, has_mean=False
    ),
    "Bernoulli": LikelihoodRow(likelihoods.Bernoulli, **_BINARY),
    "Categorical": LikelihoodRow(partial(likelihoods.Categorical, num_levels=6), **_SIX_LEVELS),
    "ContinuousBernoulli": LikelihoodRow(
        likelihoods.ContinuousBernoulli, inside=(0.0, 1.0, 0.3), outside=(-1e-3, 1.001, 255.0, np.nan)
    ),
    "DiscretizedLogistic-fixed": LikelihoodRow(
        partial(likelihoods.DiscretizedLogistic, scale=0.01, num_levels=6), **_SIX_LEVELS
    ),
    "DiscretizedLogistic-shared": LikelihoodRow(
        partial(likelihoods.DiscretizedLogistic, scale="shared", num_levels=6), **_SIX_LEVELS
    ),
    "DiscretizedLogistic-decoded": LikelihoodRow(
        partial(likelihoods.DiscretizedLogistic, scale="decoded", num_levels=256),
        inside=(0.0, 1.0, 7.0 / 255.0, float(np.float32(254.0) / np.float32(255.0))),
        outside=(0.5, 1e-3, -1.0 / 255.0, 256.0 / 255.0, np.nan, np.inf),
    ),
    "DiscretizedLogisticMixture": LikelihoodRow(
        partial(likelihoods.DiscretizedLogisticMixture, num_components=3, num_levels=6), **_SIX_LEVELS
    ),
    "Laplace-fixed": LikelihoodRow(partial(likelihoods.Laplace, scale=0.3, mean="tanh"), **_REAL),
    "Laplace-shared": LikelihoodRow(partial(likelihoods.Laplace, scale="shared"), **_REAL),
    "Laplace-decoded": LikelihoodRow(partial(likelihoods.Laplace, scale="decoded", mean="sigmoid"), **_REAL),
    "Logistic-fixed": LikelihoodRow(partial(likelihoods.Logistic, scale=0.3, mean="tanh"), **_REAL),
    "Logistic-shared": LikelihoodRow(partial(likelihoods.Logistic, scale="shared"), **_REAL),
    "Logistic-decoded": LikelihoodRow(partial(likelihoods.Logistic, scale="decoded", mean="sigmoid"), **_REAL),
    "BetaBinomial": LikelihoodRow(
        partial(likelihoods.BetaBinomial, total_count=255), (0.0, 1.0, 100 / 255), (-1 / 255, 0.5, 256 / 255, np.nan)
    ),
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
    "Mixed-positive": LikelihoodRow(
        partial(likelihoods.Mixed, columns=("positive", "real")),
        inside=((1e-3, -7.0), (1e6, 0.0)),
        outside=((0.0, 0.0), (-1.0, 0.0), (np.inf, 0.0)),
        data_shape=(2,),
    ),
    "NegativeBinomial-fixed": LikelihoodRow(partial(likelihoods.NegativeBinomial, dispersion=0.7), **_COUNTS),
    "NegativeBinomial-per_dimension": LikelihoodRow(likelihoods.NegativeBinomial, **_COUNTS),
    "NegativeBinomial-decoded": LikelihoodRow(partial(likelihoods.NegativeBinomial, dispersion="decoded"), **_COUNTS),
    "Normal-fixed": LikelihoodRow(partial(likelihoods.Normal, scale=0.3), **_REAL),
    "Normal-per_dimension": LikelihoodRow(partial(likelihoods.Normal, scale="per_dimension", mean="sigmoid"), **_REAL),
    "Normal-unit": LikelihoodRow(partial(likelihoods.Normal, start="unit", mean="sigmoid"), **_REAL),
    "Normal-decoded": LikelihoodRow(partial(likelihoods.Normal, scale="decoded", mean="tanh"), **_REAL),
    "StudentT-fixed": LikelihoodRow(partial(likelihoods.StudentT, scale=0.3, mean="tanh", df=3.0), **_REAL),
    "StudentT-per_dimension": LikelihoodRow(partial(likelihoods.StudentT, scale="per_dimension"), **_REAL),
    "StudentT-decoded": LikelihoodRow(partial(likelihoods.StudentT, scale="decoded", mean="sigmoid"), **_REAL),
    "Poisson": LikelihoodRow(likelihoods.Poisson, **_COUNTS),
    "ZeroInflated": LikelihoodRow(likelihoods.ZeroInflated, **_COUNTS),
    "ZeroInflated-BetaBinomial": LikelihoodRow(
        lambda: likelihoods.ZeroInflated(likelihoods.BetaBinomial(16)), (0.0, 0.5, 1.0), (0.1, 1.0625, np.inf)
    ),
}
