"""The activations of hidden layers, by name."""

import jax

ACTIVATIONS = {
    name: getattr(jax.nn, name)
    for name in ("celu", "elu", "gelu", "hard_tanh", "identity", "leaky_relu", "mish", "relu", "relu6", "selu",
                 "sigmoid", "silu", "softplus", "soft_sign", "swish", "tanh")
}  # fmt: skip
