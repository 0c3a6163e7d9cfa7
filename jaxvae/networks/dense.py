"""The dense layer of all networks, and how its weights start."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from flax.linen.dtypes import promote_dtype

from jaxvae.fast import plus_bias, row_products, window_products
from jaxvae.typing import Array, ArrayLike, Key, Shape


def normal_weights(gain: ArrayLike) -> Callable[[Key, Shape, Any], Array]:
    """An initializer for Flax: weights N(0, gain² / fan-in), truncated at two standard deviations."""
    with_gain_one = nn.initializers.lecun_normal()
    return lambda key, shape, dtype: jnp.asarray(gain, dtype) * with_gain_one(key, shape, dtype)


class Dense(nn.Module):
    """A dense layer as Flax's: weights N(0, gain² / fan-in), truncated, and biases 0.

    With a `window` of n > 1 its inputs are the n × n pixels under each place of an image: a convolution of stride 1
    without padding.
    """

    features: int
    gain: ArrayLike = 1.0
    param_dtype: Any = jnp.float32
    window: int = 1

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """The layer at `x`, `[…, inputs]` → `[…, features]`; with a window of one image."""
        shape = (self.window**2 * x.shape[-1], self.features)
        kernel = self.param("kernel", normal_weights(self.gain), shape, self.param_dtype)
        bias = self.param("bias", nn.initializers.zeros, shape[1:], self.param_dtype)
        x, kernel, bias = promote_dtype(x, kernel, bias, dtype=None)
        products = row_products(x, kernel) if self.window == 1 else window_products(x, kernel)
        return plus_bias(products, bias)
