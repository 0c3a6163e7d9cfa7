"""The multi-layer perceptron."""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.networks.activations import ACTIVATIONS
from jaxvae.networks.dense import Dense
from jaxvae.networks.network import Network
from jaxvae.networks.start import HiddenGains
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, ArrayLike, Key, Params, Shape


def dropped(key: Key, x: Array, rate: ArrayLike) -> Array:
    """Each number 0 with probability `rate`, else divided by 1 − rate: its mean stays. Srivastava et al. 2014."""
    is_kept = jax.random.bernoulli(key, 1.0 - jnp.asarray(rate), x.shape)
    return jnp.where(is_kept, x / (1.0 - jnp.asarray(rate, x.dtype)), 0.0)


class _Dense(nn.Module):
    features: Shape
    activation: str
    hidden_gains: HiddenGains = HiddenGains()
    output_gain: ArrayLike = 1.0
    dropout: ArrayLike | None = None

    @nn.compact
    def __call__(self, x: Array, output_shape: Shape) -> Array:
        x = x.reshape(-1)
        for size, gain in zip(self.features, self.hidden_gains.in_turn(), strict=False):
            x = ACTIVATIONS[self.activation](Dense(size, gain, x.dtype)(x))
            if self.dropout is not None and self.has_rng("dropout"):
                x = dropped(self.make_rng("dropout"), x, self.dropout)
        return Dense(math.prod(output_shape), self.output_gain, x.dtype)(x).reshape(output_shape)


@dataclass
class MLP(Network):
    """A multi-layer perceptron: flatten, dense layers with an activation after each, a linear output layer.

    h₀ = vec(x),  h_i = activation(W_i h_{i−1} + b_i),  output = reshape(W h_n + b)

    Weights start as N(0, gain² / fan-in), truncated at two standard deviations, and biases as 0. The last layer starts
    small, because a decoder at full scale only adds noise to the start of its likelihood: training would first learn to
    ignore z.

    Args:
        features: widths of the hidden layers, in order [units]; `()` makes the network linear.
        activation: after each hidden layer: celu, elu, gelu, hard_tanh, identity, leaky_relu, mish, relu, relu6, selu,
            sigmoid, silu, soft_sign, softplus, swish or tanh (as in `jax.nn`).
        hidden_gain: gain of the hidden layers. By default 0.6 for the first; the others have the gain that keeps the
            size of the numbers from layer to layer: √2 for relu and 1.68 for silu.
        output_gain: gain of the last layer; at 0.1 the network puts out numbers near 0 at first.
        dropout: probability with which training sets each hidden number to 0 and scales up the others (Srivastava et
            al. 2014), with other noise for each example and step; by default there is none.

    Raises:
        UserError: for a width below 1, a gain that is not above 0 or an unknown activation.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> network, x = MLP(features=(16,)), jnp.zeros((8, 8, 1))
        >>> network.apply(network.init(jax.random.key(0), x, (2, 5)), x, (2, 5)).shape
        (2, 5)
    """

    features: tuple[int, ...] = (200, 200)
    activation: str = "silu"
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
        gains = HiddenGains.of(self.hidden_gain, self.activation)
        return _Dense(self.features, self.activation, gains, self.output_gain).init(key, x, output_shape)

    def apply(self, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output for one `x`, of shape `output_shape`."""
        return _Dense(self.features, self.activation).apply(params, x, output_shape)  # type: ignore[return-value]

    @property
    def has_noise(self) -> bool:
        """Whether it has dropout."""
        return self.dropout is not None

    def apply_with_noise(self, key: Key, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output with dropout."""
        network = _Dense(self.features, self.activation, dropout=self.dropout)
        return network.apply(params, x, output_shape, rngs={"dropout": key})  # type: ignore[return-value]
