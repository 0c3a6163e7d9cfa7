"""The dense layer of all networks, and how its weights start."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from flax.linen.dtypes import promote_dtype

from jaxvae.fast import plus_bias, row_products
from jaxvae.typing import Array, ArrayLike, Key, Shape


def normal_weights(gain: ArrayLike) -> Callable[[Key, Shape, Any], Array]:
    """An initializer for Flax: weights N(0, gain² / fan-in), truncated at two standard deviations."""
    with_gain_one = nn.initializers.lecun_normal()
    return lambda key, shape, dtype: jnp.asarray(gain, dtype) * with_gain_one(key, shape, dtype)


class Dense(nn.Module):
    """Flax's dense layer by `row_products` and `plus_bias`: weights N(0, gain² / fan-in), truncated, and biases 0."""

    features: int
    gain: ArrayLike = 1.0
    param_dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """The layer at `x`, `[…, inputs]` → `[…, features]`."""
        shape = (x.shape[-1], self.features)
        kernel = self.param("kernel", normal_weights(self.gain), shape, self.param_dtype)
        bias = self.param("bias", nn.initializers.zeros, shape[1:], self.param_dtype)
        x, kernel, bias = promote_dtype(x, kernel, bias, dtype=None)
        return plus_bias(row_products(x, kernel), bias)
