"""The initial weights of a network."""

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.networks.activations import ACTIVATIONS
from jaxvae.typing import ArrayLike

FIRST_GAIN = 0.6  # PyTorch's 1/√3, rounded: a larger gain starts with rougher functions of x and z
_NODES = 200  # of the quadrature: accurate to 0.001, even at the kink of relu


class HiddenGains(NamedTuple):
    """Gains of the hidden layers."""

    first: ArrayLike = 1.0
    later: ArrayLike = 1.0

    @classmethod
    def of(cls, given: float | None, activation: str, *, gated: bool = False) -> "HiddenGains":
        """The given gain for all layers; by default `FIRST_GAIN`, then the gain that keeps the mean square.

        The input of the first layer is not the output of an activation, so its gain need not correct for one. A small
        first gain starts with smooth functions. Larger gains fit noise if there are few examples, or more latents than
        pixels.
        """
        return cls(FIRST_GAIN, preserving_gain(activation, gated=gated)) if given is None else cls(given, given)

    def in_turn(self) -> Iterator[ArrayLike]:
        """The gains of the hidden layers, one after another.

        >>> gains = HiddenGains(0.6, 1.4).in_turn()
        >>> next(gains), next(gains), next(gains)
        (0.6, 1.4, 1.4)
        """
        return itertools.chain([self.first], itertools.repeat(self.later))


@functools.cache
def preserving_gain(activation: str, *, gated: bool = False) -> float:
    """The gain of the weights that keeps the mean square of the inputs of activations at 1 from layer to layer.

    gain = E[φ(u)²]^(−1/2),  u ~ N(0, 1)

    Weights are N(0, gain² / fan-in). √2 for `relu`, where it keeps any mean square (He, Zhang, Ren and Sun 2015,
    equation 10). With `gated`, the sigmoid of an independent normal number multiplies φ(u).

    >>> round(preserving_gain("relu"), 2), round(preserving_gain("silu"), 2)
    (1.41, 1.68)
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()
    with jax.ensure_compile_time_eval():
        square = float(weights @ np.asarray(ACTIVATIONS[activation](jnp.asarray(nodes))) ** 2)
        gate = float(weights @ np.asarray(jax.nn.sigmoid(jnp.asarray(nodes))) ** 2) if gated else 1.0
    return (square * gate) ** -0.5
