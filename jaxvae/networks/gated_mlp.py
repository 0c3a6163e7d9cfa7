"""The gated multi-layer perceptron."""

import math

import flax.linen as nn
import jax

from jaxvae.checks import check_choice, check_range
from jaxvae.networks.activations import ACTIVATIONS
from jaxvae.networks.dense import Dense
from jaxvae.networks.mlp import dropped
from jaxvae.networks.network import Network
from jaxvae.networks.start import HiddenGains
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, ArrayLike, Key, Params, Shape


class _Gated(nn.Module):
    features: Shape
    activation: str
    hidden_gains: HiddenGains = HiddenGains()
    output_gain: ArrayLike = 1.0
    dropout: ArrayLike | None = None

    @nn.compact
    def __call__(self, x: Array, output_shape: Shape) -> Array:
        x = x.reshape(-1)
        for size, gain in zip(self.features, self.hidden_gains.in_turn(), strict=False):
            value, gate = (Dense(size, gain, x.dtype)(x) for _ in range(2))
            x = ACTIVATIONS[self.activation](value) * jax.nn.sigmoid(gate)
            if self.dropout is not None and self.has_rng("dropout"):
                x = dropped(self.make_rng("dropout"), x, self.dropout)
        return Dense(math.prod(output_shape), self.output_gain, x.dtype)(x).reshape(output_shape)


@dataclass
class GatedMLP(Network):
    """A multi-layer perceptron of gated layers: a linear layer times the sigmoid of another.

    h₀ = vec(x),  h_i = activation(W_i h_{i−1} + b_i) · sigmoid(V_i h_{i−1} + c_i),  output = reshape(W h_n + b)

    Dauphin et al. 2017, equation 1; by default the network of Tomczak and Welling 2018, section 4.

    Args:
        features: widths of the hidden layers, in order [units]; `()` makes the network linear.
        activation: of the layer that the gate multiplies, as in `MLP`; by default none (`identity`).
        hidden_gain: gain of the hidden layers, as in `MLP`.
        output_gain: gain of the last layer, as in `MLP`.
        dropout: of hidden numbers in training, as in `MLP`.

    Raises:
        UserError: for a width below 1, a gain that is not above 0 or an unknown activation.

    Example:
        >>> import jax.numpy as jnp
        >>> network, x = GatedMLP(features=(16,)), jnp.zeros((8, 8, 1))
        >>> network.apply(network.init(jax.random.key(0), x, (2, 5)), x, (2, 5)).shape
        (2, 5)
    """

    features: tuple[int, ...] = (300, 300)
    activation: str = "identity"
    hidden_gain: float | None = None
    output_gain: float = 0.1
    dropout: float | None = None

    flattens = True

    def __post_init__(self) -> None:
        for size in self.features:
            check_range(self, at_least=1, features=size)
        check_choice(self, ACTIVATIONS, activation=self.activation)
        check_range(self, above=0.0, hidden_gain=self.hidden_gain, output_gain=self.output_gain)
        check_range(self, above=0.0, below=1.0, dropout=self.dropout)

    def init(self, key: Key, x: Array, output_shape: Shape) -> Params:
        """Draw the parameters: weights N(0, gain² / fan-in) truncated at two standard deviations, biases 0."""
        gains = HiddenGains.of(self.hidden_gain, self.activation, gated=True)
        return _Gated(self.features, self.activation, gains, self.output_gain).init(key, x, output_shape)

    def apply(self, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output for one `x`, of shape `output_shape`."""
        return _Gated(self.features, self.activation).apply(params, x, output_shape)  # type: ignore[return-value]

    @property
    def has_noise(self) -> bool:
        """Whether it has dropout."""
        return self.dropout is not None

    def apply_with_noise(self, key: Key, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output with dropout."""
        network = _Gated(self.features, self.activation, dropout=self.dropout)
        return network.apply(params, x, output_shape, rngs={"dropout": key})  # type: ignore[return-value]
