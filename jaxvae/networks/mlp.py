"""The multi-layer perceptron."""

import math

import flax.linen as nn
import jax

from jaxvae.checks import check_choice, check_range
from jaxvae.networks.network import Network
from jaxvae.networks.products import Dense
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

ACTIVATIONS = {
    name: getattr(jax.nn, name)
    for name in ("celu", "elu", "gelu", "hard_tanh", "identity", "leaky_relu", "mish", "relu", "relu6", "selu",
                 "sigmoid", "silu", "softplus", "soft_sign", "swish", "tanh")
}  # fmt: skip


class _Dense(nn.Module):
    features: Shape
    activation: str

    @nn.compact
    def __call__(self, x: Array, output_shape: Shape) -> Array:
        x = x.reshape(-1)
        for size in self.features:
            x = ACTIVATIONS[self.activation](Dense(size, param_dtype=x.dtype)(x))
        return Dense(math.prod(output_shape), param_dtype=x.dtype)(x).reshape(output_shape)


@dataclass
class MLP(Network):
    """A multi-layer perceptron: flatten, dense layers with an activation after each, a linear output layer.

    h₀ = vec(x),  h_i = activation(W_i h_{i−1} + b_i),  output = reshape(W h_n + b)

    Args:
        features: widths of the hidden layers, in order [units]; `()` makes the network linear.
        activation: after each hidden layer: celu, elu, gelu, hard_tanh, identity, leaky_relu, mish, relu, relu6, selu,
            sigmoid, silu, soft_sign, softplus, swish or tanh (as in `jax.nn`).

    Raises:
        UserError: for a width below 1 or an unknown activation.

    Example:
        >>> import jax.numpy as jnp
        >>> network, x = MLP(features=(16,)), jnp.zeros((8, 8, 1))
        >>> network.apply(network.init(jax.random.key(0), x, (2, 5)), x, (2, 5)).shape
        (2, 5)
    """

    features: tuple[int, ...] = (200, 200)
    activation: str = "relu"

    def __post_init__(self) -> None:
        for size in self.features:
            check_range(self, at_least=1, features=size)
        check_choice(self, ACTIVATIONS, activation=self.activation)

    def init(self, key: Key, x: Array, output_shape: Shape) -> Params:
        """Draw the parameters: weights N(0, 1 / fan-in) truncated at two standard deviations, biases 0."""
        return _Dense(self.features, self.activation).init(key, x, output_shape)

    def apply(self, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output for one `x`, of shape `output_shape`."""
        return _Dense(self.features, self.activation).apply(params, x, output_shape)  # type: ignore[return-value]
