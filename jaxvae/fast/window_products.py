"""Convolutions of one image with small kernels, as matrix products.

On a CPU, some versions of XLA compute their own convolutions slower inside a loop (`jax.lax.scan`, as in an epoch of
training) than outside of it. Matrix products are fast in both places, and under `vmap` they become one large product
over all examples and positions.
"""

import math

import jax
import jax.numpy as jnp

from jaxvae.fast.row_products import fast_row_products
from jaxvae.fast.switch import is_fast
from jaxvae.typing import Array


def window_products(x: Array, kernel: Array) -> Array:
    """The convolution of stride 1 without padding: `[height, width, c]` → `[height − size + 1, …, features]`.

    y[i, j, o] = Σ_abc x[i + a, j + b, c] kernel[(a, b, c), o]

    Args:
        x: one image.
        kernel: `[size² c, features]`, of a square window.

    >>> window_products(jnp.ones((7, 9, 5)), jnp.ones((4 * 5, 3)))[0, 0].tolist()
    [20.0, 20.0, 20.0]
    """
    return fast_window_products(x, kernel) if is_fast() else plain_window_products(x, kernel)


def plain_window_products(x: Array, kernel: Array) -> Array:
    """`jax.lax.conv_general_dilated`."""
    size = _size(x, kernel)
    window = kernel.reshape(size, size, x.shape[-1], kernel.shape[-1])
    dimensions = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x[None], window, (1, 1), "VALID", dimension_numbers=dimensions)[0]


def fast_window_products(x: Array, kernel: Array) -> Array:
    """One matrix product with the patches under the kernel."""
    return fast_row_products(patches(x, _size(x, kernel)), kernel)


def corner_products(x: Array, kernel: Array) -> Array:
    """The products of the 2 × 2 windows around each corner, zeros outside: `[h, w, c]` → `[h + 1, w + 1, features]`.

    Args:
        x: one image.
        kernel: `[4 c, features]`.

    >>> corner_products(jnp.ones((2, 2, 1)), jnp.ones((4, 1)))[..., 0].tolist()
    [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]
    """
    return fast_corner_products(x, kernel) if is_fast() else plain_corner_products(x, kernel)


def plain_corner_products(x: Array, kernel: Array) -> Array:
    """The window products of the padded image."""
    return plain_window_products(_padded(x), kernel)


def fast_corner_products(x: Array, kernel: Array) -> Array:
    """(patches of x) K, or the sum of the four shifted x K_ij: whichever holds fewer numbers on the way."""
    height, width, count = x.shape
    features = kernel.shape[-1]
    if features * height * width >= count * (height + 1) * (width + 1):
        return fast_window_products(_padded(x), kernel)
    each = fast_row_products(x, kernel.reshape(4, count, features).transpose(1, 0, 2).reshape(count, -1))
    each = each.reshape(height, width, 4, -1).astype(jnp.promote_types(x.dtype, jnp.float32))  # to add them up in
    each = jnp.pad(each, ((1, 1), (1, 1), (0, 0), (0, 0)))
    places = ((i, j) for i in range(2) for j in range(2))
    shifted = [each[i : i + height + 1, j : j + width + 1, 2 * i + j] for i, j in places]
    return sum(shifted[1:], start=shifted[0]).astype(x.dtype)


def patches(x: Array, size: int) -> Array:
    """The `size` × `size` neighbourhood of each place: `[height, width, c]` → `[height − size + 1, …, size² c]`.

    >>> patches(jnp.zeros((7, 9, 5)), 2).shape
    (6, 8, 20)
    """
    height, width = (side - size + 1 for side in x.shape[:2])
    shifted = [x[i : i + height, j : j + width] for i in range(size) for j in range(size)]
    return jnp.concatenate(shifted, axis=-1)


def _size(x: Array, kernel: Array) -> int:
    return math.isqrt(kernel.shape[0] // x.shape[-1])


def _padded(x: Array) -> Array:
    return jnp.pad(x, ((1, 1), (1, 1), (0, 0)))
