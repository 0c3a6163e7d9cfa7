"""What a model changes in a network: its input has a condition beside it; in training dropout gets a key."""

import dataclasses
from typing import Any

import flax.linen as nn

from jaxvae.beside import beside
from jaxvae.networks.network import Network
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class Noisy(Network):
    """A network with the noise of one example in one training step.

    Args:
        network: a module of Linen, or a network whose `has_noise` is True.
        key: for the noise; a module of Linen gets it as its stream `dropout`.
    """

    network: Any
    key: Key

    def init(self, key: Key, x: Array, output_shape: Shape) -> Params:
        """The parameters of the network."""
        return self.network.init(key, x, output_shape)

    def apply(self, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output with noise."""
        if isinstance(self.network, nn.Module):
            return self.network.apply(params, x, output_shape, rngs={"dropout": self.key})  # type: ignore[return-value]
        return self.network.apply_with_noise(self.key, params, x, output_shape)


def has_noise(network: Any) -> bool:
    """Whether a network may be noisy in training: every module of Linen may ask for the stream `dropout`."""
    if (inner := _inner(network)) is not None:
        return has_noise(inner)
    return isinstance(network, nn.Module) or bool(getattr(network, "has_noise", False))


def with_noise(network: Any, key: Key) -> Any:
    """The network with the noise of one example in one training step; itself if it has none."""
    if (inner := _inner(network)) is not None:
        return dataclasses.replace(network, network=with_noise(inner, key)) if has_noise(inner) else network
    return Noisy(network, key) if has_noise(network) else network


def without_noise(network: Any) -> Any:
    """The network before `with_noise`; itself if it has no noise."""
    if isinstance(network, Noisy):
        return network.network
    if (inner := _inner(network)) is not None:
        plain = without_noise(inner)
        return network if plain is inner else dataclasses.replace(network, network=plain)
    return network


def at_step(network: Any, step: Array) -> Any:
    """The network at a training step, by its own `at_step`; a module of Linen has none and stays as it is."""
    if (inner := _inner(network)) is not None:
        later = at_step(inner, step)
        return network if later is inner else dataclasses.replace(network, network=later)
    own = getattr(network, "at_step", None)
    return network if own is None else own(step)


def told(network: Any, x: Array, vector: Array) -> Array:
    """The input of a network with a condition beside it: at the end of a vector, or as channels of an image.

    A network that flattens its input anyway gets a vector.
    """
    if (inner := _inner(network)) is not None:
        return told(inner, x, vector)
    return beside(x.reshape(-1) if getattr(network, "flattens", False) else x, vector)


def _inner(network: Any) -> Any:
    """The network within a wrapper such as `Bfloat16`, else None."""
    inner = None if isinstance(network, nn.Module) else getattr(network, "network", None)
    return inner if hasattr(inner, "apply") else None
