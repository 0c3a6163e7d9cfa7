"""Rows of posteriors."""

from collections.abc import Callable
from typing import Any

from jaxvae import posteriors

POSTERIORS: dict[str, Callable[[], Any]] = {
    "DiagonalNormal": posteriors.DiagonalNormal,
    "VonMisesFisher": posteriors.VonMisesFisher,
    "PoincareNormal": posteriors.PoincareNormal,
}
