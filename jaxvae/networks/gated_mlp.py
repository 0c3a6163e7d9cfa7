"""The gated multi-layer perceptron."""

import math

import flax.linen as nn
import jax

from jaxvae.checks import check_choice, check_range
from jaxvae.networks.mlp import ACTIVATIONS
from jaxvae.networks.network import Network
from jaxvae.networks.products import Dense
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


class _Gated(nn.Module):
    features: Shape
    activation: str

    @nn.compact
    def __call__(self, x: Array, output_shape: Shape) -> Array:
        x = x.reshape(-1)
        for size in self.features:
            value, gate = (Dense(size, param_dtype=x.dtype)(x) for _ in range(2))
            x = ACTIVATIONS[self.activation](value) * jax.nn.sigmoid(gate)
        return Dense(math.prod(output_shape), param_dtype=x.dtype)(x).reshape(output_shape)


@dataclass
class GatedMLP(Network):
    """A multi-layer perceptron of gated layers: a linear layer times the sigmoid of another.

    h₀ = vec(x),  h_i = activation(W_i h_{i−1} + b_i) · sigmoid(V_i h_{i−1} + c_i),  output = reshape(W h_n + b)

    Dauphin et al. 2017, equation 1; by default the network of Tomczak and Welling 2018, section 4.

    Args:
        features: widths of the hidden layers, in order [units]; `()` makes the network linear.
        activation: of what the gate multiplies, as in `MLP`; none (`identity`) by default.

    Raises:
        UserError: for a width below 1 or an unknown activation.

    Example:
        >>> import jax.numpy as jnp
        >>> network, x = GatedMLP(features=(16,)), jnp.zeros((8, 8, 1))
        >>> network.apply(network.init(jax.random.key(0), x, (2, 5)), x, (2, 5)).shape
        (2, 5)
    """

    features: tuple[int, ...] = (300, 300)
    activation: str = "identity"

    def __post_init__(self) -> None:
        for size in self.features:
            check_range(self, at_least=1, features=size)
        check_choice(self, ACTIVATIONS, activation=self.activation)

    def init(self, key: Key, x: Array, output_shape: Shape) -> Params:
        """Draw the parameters: weights N(0, 1 / fan-in) truncated at two standard deviations, biases 0."""
        return _Gated(self.features, self.activation).init(key, x, output_shape)

    def apply(self, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output for one `x`, of shape `output_shape`."""
        return _Gated(self.features, self.activation).apply(params, x, output_shape)  # type: ignore[return-value]
