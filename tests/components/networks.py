"""Rows of networks."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
from flax import nnx

from jaxvae import networks
from jaxvae.typing import Array, Key, Shape


class NNX(nnx.Module):
    """A user's module: a list of layers, and a function among its attributes."""

    def __init__(self, rngs: nnx.Rngs, input_shape: Shape, output_shape: Shape) -> None:
        self.layers = nnx.List(
            [nnx.Linear(math.prod(input_shape), 6, rngs=rngs), nnx.Linear(6, math.prod(output_shape), rngs=rngs)]
        )
        self.activation = jax.nn.tanh

    def __call__(self, x: Array) -> Array:
        """A flat output."""
        return self.layers[1](self.activation(self.layers[0](x.reshape(-1))))


class _Reshaped(eqx.Module):
    mlp: eqx.nn.MLP

    def __call__(self, x: Array) -> Array:
        return self.mlp(x.reshape(-1))


def equinox(key: Key, input_shape: Shape, output_shape: Shape) -> eqx.Module:
    """A user's function that makes a module."""
    return _Reshaped(eqx.nn.MLP(math.prod(input_shape), math.prod(output_shape), 6, 1, jax.nn.tanh, key=key))


class NetworkRow(NamedTuple):
    """A network, and pairs of input and output shapes that it must serve; one of each serves `tiny_vae`."""

    build: Callable[[], Any]
    shapes: tuple[tuple[Shape, Shape], ...] = (((4, 3, 1), (2, 5)), ((7,), ()), ((), (3, 2, 4)))


IMAGES = (((4, 3, 1), (2, 5)), ((7,), (5, 6, 3)), ((), (2, 6, 5, 4)))
NETWORKS: dict[str, NetworkRow] = {
    "Bfloat16": NetworkRow(lambda: networks.Bfloat16(networks.MLP((6,)))),
    "Rematerialized": NetworkRow(lambda: networks.Rematerialized(networks.MLP((6,)))),
    "Conv": NetworkRow(lambda: networks.Conv(channels=(5, 6)), IMAGES),
    "Conv-all": NetworkRow(
        lambda: networks.Conv(channels=[6], features=[7], activation="tanh", image_axis=0),  # type: ignore[arg-type]
        (((4, 3, 1), (3, 2, 4)), ((7,), (4, 3, 5, 2))),
    ),
    "FromEquinox": NetworkRow(lambda: networks.FromEquinox(equinox)),
    "FromNNX": NetworkRow(lambda: networks.FromNNX(NNX)),
    "GatedMLP": NetworkRow(lambda: networks.GatedMLP((6, 8))),
    "GatedMLP-tanh": NetworkRow(lambda: networks.GatedMLP([6], "tanh")),  # type: ignore[arg-type]
    "Leading": NetworkRow(lambda: networks.Leading(2, networks.MLP((6,))), (((4, 3, 1), (2, 5)), ((7,), (3, 2)))),
    "MLP-linear": NetworkRow(lambda: networks.MLP(features=())),
    "MLP-relu": NetworkRow(lambda: networks.MLP(features=(6,))),
    "MLP-tanh": NetworkRow(lambda: networks.MLP(features=[6, 8], activation="tanh")),  # type: ignore[arg-type]
    "ResNet": NetworkRow(lambda: networks.ResNet(channels=(4,)), IMAGES),
    "ResNet-all": NetworkRow(
        lambda: networks.ResNet(channels=(5,), blocks=2, features=(6,), activation="relu", image_axis=0),
        (((4, 3, 1), (3, 2, 4)), ((7,), (4, 3, 5, 2))),
    ),
}
