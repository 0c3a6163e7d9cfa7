"""The Inception-v3 network of the FID, as TensorFlow's graph of 2015-12-05 computes it."""

from collections.abc import Callable, Mapping
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxvae.typing import Array, Shape

IMAGE_SIZE = 299  # each side
NUM_FEATURES, NUM_CLASSES = 2048, 1008
BATCH_NORM_EPSILON = 1e-3
Padding = Literal["SAME", "VALID"]
Convolve = Callable[[str, Array, int, tuple[int, int], int, Padding], Array]
"""(name, x, channels, kernel, stride, padding) → the convolution, normalised and rectified."""


def resize(images: Array, size: int = IMAGE_SIZE) -> Array:
    """Bilinear interpolation to `size` × `size` as in TensorFlow 1: pixel i is read at i · side / size, unshifted.

    >>> resize(jnp.array([[0.0, 4.0]]).reshape(1, 1, 2, 1), 4)[0, 0, :, 0].tolist()  # at 0, ½, 1 and 1½, which is 1
    [0.0, 2.0, 4.0, 4.0]
    """
    for axis in (2, 1):
        side = images.shape[axis]
        places = np.arange(size, dtype=np.float32) * np.float32(side / size)
        low = places.astype(np.int32)
        shape = [1] * images.ndim
        shape[axis] = size
        share = (places - low).astype(np.float32).reshape(shape)
        first, second = (jnp.take(images, np.minimum(index, side - 1), axis=axis) for index in (low, low + 1))
        images = first + (second - first) * share
    return images


def max_pool(x: Array, stride: int, padding: Padding) -> Array:
    """The largest of 3 × 3 pixels."""
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, stride, stride, 1), padding)


def average_pool(x: Array) -> Array:
    """The mean of 3 × 3 pixels; at an edge, of those inside the image."""
    total = lax.reduce_window(x, 0.0, lax.add, (1, 3, 3, 1), (1, 1, 1, 1), "SAME")
    sides = [np.convolve(np.ones(side), np.ones(3))[1:-1] for side in x.shape[1:3]]  # pixels inside, along one axis
    return total / jnp.asarray(np.outer(*sides)[None, :, :, None], x.dtype)


class _Block:
    """Convolutions inside a block: `conv(x, name, channels, kernel)`; a kernel of one number is square."""

    def __init__(self, convolve: Convolve, block: str) -> None:
        self._convolve, self._block = convolve, block

    def __call__(
        self,
        x: Array,
        name: str,
        channels: int,
        kernel: int | tuple[int, int] = 1,
        stride: int = 1,
    ) -> Array:
        sides = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding: Padding = "SAME" if stride == 1 else "VALID"
        return self._convolve(f"{self._block}.{name}", x, channels, sides, stride, padding)


def _block_a(conv: _Block, x: Array, pool_channels: int) -> Array:
    five = conv(conv(x, "branch5x5_1", 48), "branch5x5_2", 64, 5)
    three = conv(conv(x, "branch3x3dbl_1", 64), "branch3x3dbl_2", 96, 3)
    three = conv(three, "branch3x3dbl_3", 96, 3)
    pool = conv(average_pool(x), "branch_pool", pool_channels)
    return jnp.concatenate([conv(x, "branch1x1", 64), five, three, pool], axis=-1)


def _block_b(conv: _Block, x: Array) -> Array:
    three = conv(conv(x, "branch3x3dbl_1", 64), "branch3x3dbl_2", 96, 3)
    three = conv(three, "branch3x3dbl_3", 96, 3, 2)
    return jnp.concatenate([conv(x, "branch3x3", 384, 3, 2), three, max_pool(x, 2, "VALID")], axis=-1)


def _block_c(conv: _Block, x: Array, width: int) -> Array:
    seven = conv(conv(x, "branch7x7_1", width), "branch7x7_2", width, (1, 7))
    seven = conv(seven, "branch7x7_3", 192, (7, 1))
    twice = conv(x, "branch7x7dbl_1", width)
    for i, kernel in ((2, (7, 1)), (3, (1, 7)), (4, (7, 1))):
        twice = conv(twice, f"branch7x7dbl_{i}", width, kernel)
    twice = conv(twice, "branch7x7dbl_5", 192, (1, 7))
    pool = conv(average_pool(x), "branch_pool", 192)
    return jnp.concatenate([conv(x, "branch1x1", 192), seven, twice, pool], axis=-1)


def _block_d(conv: _Block, x: Array) -> Array:
    three = conv(conv(x, "branch3x3_1", 192), "branch3x3_2", 320, 3, 2)
    seven = conv(conv(x, "branch7x7x3_1", 192), "branch7x7x3_2", 192, (1, 7))
    seven = conv(conv(seven, "branch7x7x3_3", 192, (7, 1)), "branch7x7x3_4", 192, 3, 2)
    return jnp.concatenate([three, seven, max_pool(x, 2, "VALID")], axis=-1)


def _block_e(conv: _Block, x: Array, pooled: Array) -> Array:
    three = conv(x, "branch3x3_1", 384)
    twice = conv(conv(x, "branch3x3dbl_1", 448), "branch3x3dbl_2", 384, 3)
    ends = [
        conv(one, f"{name}{side}", 384, kernel)
        for one, name in ((three, "branch3x3_2"), (twice, "branch3x3dbl_3"))
        for side, kernel in (("a", (1, 3)), ("b", (3, 1)))
    ]
    return jnp.concatenate([conv(x, "branch1x1", 320), *ends, conv(pooled, "branch_pool", 192)], axis=-1)


def inception(convolve: Convolve, images: Array) -> Array:
    """The features `2048` of images: the mean over positions of the last block.

    Szegedy et al. 2016, table 1, as trained by Google in 2015 and used for the FID by Heusel et al. 2017. Its average
    pools leave padding out of the mean, and its last block pools by the maximum (`Mixed_7c`).

    Args:
        convolve: a convolution without bias, batch normalisation and ReLU, by its name.
        images: (levels 0 … 255 − 128) / 128, `[n, 299, 299, 3]`.

    Returns:
        `[n, 2048]`.
    """

    def block(name: str) -> _Block:
        return _Block(convolve, name)

    x = convolve("Conv2d_1a_3x3", images, 32, (3, 3), 2, "VALID")
    x = convolve("Conv2d_2a_3x3", x, 32, (3, 3), 1, "VALID")
    x = convolve("Conv2d_2b_3x3", x, 64, (3, 3), 1, "SAME")
    x = max_pool(x, 2, "VALID")
    x = convolve("Conv2d_3b_1x1", x, 80, (1, 1), 1, "VALID")
    x = convolve("Conv2d_4a_3x3", x, 192, (3, 3), 1, "VALID")
    x = max_pool(x, 2, "VALID")
    for name, pool_channels in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
        x = _block_a(block(name), x, pool_channels)
    x = _block_b(block("Mixed_6a"), x)
    for name, width in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        x = _block_c(block(name), x, width)
    x = _block_d(block("Mixed_7a"), x)
    x = _block_e(block("Mixed_7b"), x, average_pool(x))
    x = _block_e(block("Mixed_7c"), x, max_pool(x, 1, "SAME"))
    return jnp.mean(x, axis=(1, 2))


def layout() -> dict[str, Shape]:
    """The names and shapes of all weights, as PyTorch writes them: of a kernel (out, in, height, width)."""
    shapes: dict[str, Shape] = {}

    def record(name: str, x: Array, channels: int, kernel: tuple[int, int], stride: int, padding: Padding) -> Array:
        shapes[f"{name}.conv.weight"] = (channels, x.shape[-1], *kernel)
        shapes.update({f"{name}.bn.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")})
        weight = jnp.zeros((*kernel, x.shape[-1], channels), x.dtype)
        return _convolution(x, weight, stride, padding)

    jax.eval_shape(lambda x: inception(record, x), jax.ShapeDtypeStruct((1, IMAGE_SIZE, IMAGE_SIZE, 3), jnp.float32))
    return {**shapes, "fc.weight": (NUM_CLASSES, NUM_FEATURES), "fc.bias": (NUM_CLASSES,)}


def folded(weights: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Weights of `layout` with each batch normalisation folded into the convolution before it.

    γ (w ∗ x − mean) / √(variance + ε) + β = (s w) ∗ x + (β − s mean),  s = γ / √(variance + ε)
    """
    params = {}
    for name in [key.removesuffix(".conv.weight") for key in weights if key.endswith(".conv.weight")]:
        gain, offset, mean, variance = (
            np.asarray(weights[f"{name}.bn.{part}"], np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gain / np.sqrt(variance + BATCH_NORM_EPSILON)
        kernel = np.asarray(weights[f"{name}.conv.weight"], np.float64).transpose(2, 3, 1, 0) * scale
        params[name] = {"kernel": kernel.astype(np.float32), "bias": (offset - scale * mean).astype(np.float32)}
    return params


def features(params: Mapping[str, Mapping[str, Array]], images: Array) -> Array:
    """The features of images in [0, 1], rounded to 8 bits as a picture file would: `[n, h, w, 3]` → `[n, 2048]`."""

    def convolve(name: str, x: Array, channels: int, kernel: tuple[int, int], stride: int, padding: Padding) -> Array:
        convolved = _convolution(x, params[name]["kernel"], stride, padding)
        return jax.nn.relu(convolved + params[name]["bias"].reshape(1, 1, 1, channels))

    return inception(convolve, (resize(jnp.round(images * 255.0)) - 128.0) / 128.0)


def _convolution(x: Array, kernel: Array, stride: int, padding: Padding) -> Array:
    return lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        padding,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=lax.Precision.HIGHEST,  # a GPU would round to 10 bits of mantissa
    )
