"""Rows of networks."""

from collections.abc import Callable
from typing import Any

from jaxvae import networks

NETWORKS: dict[str, Callable[[], Any]] = {
    "MLP-linear": lambda: networks.MLP(features=()),
    "MLP-relu": lambda: networks.MLP(features=(6,)),
    "MLP-tanh": lambda: networks.MLP(features=[6, 8], activation="tanh"),  # type: ignore[arg-type]
}
