"""How the weights of a network start."""

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.networks.activations import ACTIVATIONS
from jaxvae.typing import ArrayLike

FIRST_GAIN = 0.6  # PyTorch's 1/√3, rounded: a larger one starts with rougher functions of x and z
_NODES = 200  # of the quadrature: with so many it is right to 0.001 at the kink of relu, too


class HiddenGains(NamedTuple):
    """Gains of the hidden layers."""

    first: ArrayLike = 1.0
    later: ArrayLike = 1.0

    @classmethod
    def of(cls, given: float | None, activation: str, *, gated: bool = False) -> "HiddenGains":
        """The one that is given for all; by default `FIRST_GAIN` and then the gain that keeps the mean square.

        The input of the first layer is no output of an activation, so it has nothing to make up for. A small first
        gain starts with smooth functions: with few examples, or more latents than pixels, larger ones fit noise.
        """
        return cls(FIRST_GAIN, preserving_gain(activation, gated=gated)) if given is None else cls(given, given)

    def in_turn(self) -> Iterator[ArrayLike]:
        """For one hidden layer after the other.

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
