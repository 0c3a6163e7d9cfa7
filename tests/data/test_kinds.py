"""Kinds of columns from their values."""

import numpy as np
import pytest

from jaxvae.data import infer_columns
from jaxvae.likelihoods import Mixed

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (np.arange(50) % 2, "binary"),
        (np.zeros(50), "binary"),
        (np.arange(50), "count"),
        (np.full(50, 3.0), "real"),
        (1990 + np.arange(50), "real"),  # years
        (1_700_000_000 + 1000 * np.arange(50), "real"),  # time stamps
        (RNG.poisson(3.0, 50), "count"),
        (RNG.poisson(2000.0, 50), "count"),
        (np.arange(50) - 1, "real"),
        (np.exp(RNG.normal(size=50)), "positive"),
        (100 + RNG.normal(size=50), "real"),  # above 0, and so is a normal
        (np.exp(RNG.normal(size=50)) - 0.5, "real"),
        (np.maximum(RNG.normal(size=50), 0.0), "real"),  # has zeros, of which a log-normal has no density
        (np.full(50, 0.5), "real"),
    ],
)
def test_kind(column: np.ndarray, kind: str) -> None:
    columns = infer_columns(np.stack([column, RNG.normal(size=50)], axis=1))
    assert columns == (kind, "real")
    support = Mixed(columns).support
    assert np.all(support.columns[0].contains(np.float32(column)))
