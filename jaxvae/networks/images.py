"""What the networks for images share: halving, doubling, and where the image is in an output."""

import math
from collections.abc import Callable, Iterator

import flax.linen as nn
import jax.numpy as jnp

from jaxvae.errors import UserError
from jaxvae.fast import corner_products, plus_bias
from jaxvae.networks.activations import ACTIVATIONS
from jaxvae.networks.dense import Dense, normal_weights
from jaxvae.networks.start import HiddenGains
from jaxvae.typing import Array, ArrayLike, Shape

MAX_CHANNELS = 4  # of an image that is found among further axes: grey, RGB, and either with one more


def image_axis(owner: object, x_shape: Shape, output_shape: Shape, channels: Shape, given: int | None) -> int | None:
    """The axis at which (height, width, channels) start in the output of a decoder; None for an encoder.

    An input of three axes is an image and makes an encoder, for any output. Any other input is a vector that becomes an
    image: a decoder. Its image starts at axis `given`. If that is None, it starts at axis 0 of an output shape of three
    axes. A longer shape also has parameters of the likelihood, before or after the image. There the image is at the one
    place with two sides of at least 5 and then 1 to 4 channels: in (2, 28, 28, 1) at axis 1, in (32, 32, 3, 256) at
    axis 0. Shapes of up to five axes have no second such place, because a side is too long to be channels.

    Raises:
        UserError: if neither is an image, the place is not clear, or the image cannot be halved as often as asked.
    """
    name = type(owner).__name__
    if len(x_shape) == 3:
        _check_halvings(name, x_shape[:2], channels)
        return None
    if len(output_shape) < 3:
        raise UserError(
            f"{name} takes an image (height, width, channels) in or puts one out, got an input of shape {x_shape} and "
            f"an output of shape {output_shape}: take MLP, or give the data three axes"
        )
    if given is not None:
        if given + 3 > len(output_shape):
            raise UserError(
                f"{name}.image_axis must be where (height, width, channels) start in the output shape {output_shape}, "
                f"got {given}: say at most {len(output_shape) - 3}, or leave it out"
            )
        places = [given]
    elif len(output_shape) == 3:
        places = [0]
    else:
        triples = zip(output_shape, output_shape[1:], output_shape[2:], strict=False)
        places = [i for i, (height, width, last) in enumerate(triples) if min(height, width) > MAX_CHANNELS >= last]
    if len(places) != 1:
        raise UserError(
            f"{name} must know where (height, width, channels) start in the output shape {output_shape}: say "
            f"image_axis, 0 to {len(output_shape) - 3}"
        )
    _check_halvings(name, output_shape[places[0] :][:2], channels)
    return places[0]


def _check_halvings(name: str, sides: Shape, channels: Shape) -> None:
    halvings = (max(sides) - 1).bit_length()
    if len(channels) > halvings:
        raise UserError(
            f"{name}.channels must have at most {halvings} entries for images of {sides[0]} × {sides[1]}, which can be "
            f"halved so often, got {len(channels)}{'' if halvings else ': take MLP'}"
        )


def space_to_depth(x: Array) -> Array:
    """2 × 2 blocks become channels: `[2 height, 2 width, c]` → `[height, width, 4 c]`.

    Each reshape splits or merges one axis: in a mesh with explicit axes JAX allows no other.
    """
    height, width, channels = x.shape[0] // 2, x.shape[1] // 2, x.shape[2]
    blocks = x.reshape(height, 2, 2 * width, channels).reshape(height, 2, width, 2, channels).transpose(0, 2, 1, 3, 4)
    return blocks.reshape(height, width, 2, 2 * channels).reshape(height, width, 4 * channels)


def depth_to_space(x: Array) -> Array:
    """The inverse of `space_to_depth`: `[height, width, 4 c]` → `[2 height, 2 width, c]`."""
    height, width, channels = x.shape[0], x.shape[1], x.shape[2] // 4
    blocks = x.reshape(height, width, 2, 2 * channels).reshape(height, width, 2, 2, channels).transpose(0, 2, 1, 3, 4)
    return blocks.reshape(2 * height, width, 2, channels).reshape(2 * height, 2 * width, channels)


def halve(x: Array, channels: int, gain: ArrayLike = 1.0) -> Array:
    """A 4 × 4 convolution of stride 2, padded by one row of zeros, or two for an odd side: sides n become ⌈n / 2⌉."""
    height, width, _ = x.shape
    padded = jnp.pad(x, ((1, 1 + height % 2), (1, 1 + width % 2), (0, 0)))
    return Dense(channels, gain, x.dtype, window=2)(space_to_depth(padded))


class Neighbourhoods(nn.Module):
    """A linear layer on the 2 × 2 pixels around each corner of an image: `[h, w, c]` → `[h + 1, w + 1, features]`."""

    features: int
    gain: ArrayLike

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """The layer at `x`."""
        kernel = self.param("kernel", normal_weights(self.gain), (4 * x.shape[-1], self.features), x.dtype)
        bias = self.param("bias", nn.initializers.zeros, (self.features,), x.dtype)
        return plus_bias(corner_products(x, kernel), bias)


def double(x: Array, channels: int, sides: Shape, gain: ArrayLike = 1.0) -> Array:
    """The transpose of `halve`, with a bias on each of the 4 pixels: sides ⌈n / 2⌉ become n, `sides`."""
    pixels = depth_to_space(Neighbourhoods(4 * channels, gain)(x))
    return pixels[1 : 1 + sides[0], 1 : 1 + sides[1]]


def convolve(x: Array) -> Array:
    """A 3 × 3 convolution that keeps the shape, padded by zeros."""
    padded = jnp.pad(x, ((1, 1), (1, 1), (0, 0)))
    return Dense(x.shape[-1], param_dtype=x.dtype, window=3)(padded)


class ImageNetwork(nn.Module):
    """An encoder (`image_axis` None): halvings, then dense layers; or a decoder: dense layers, then doublings.

    `normalize` comes before each activation between images. `blocks` residual blocks follow each halving and precede
    each doubling. The gains are those of `MLP`; residual blocks have gain 1.
    """

    channels: Shape
    features: Shape
    activation: str
    image_axis: int | None
    hidden_gains: HiddenGains
    output_gain: ArrayLike
    blocks: int = 0
    normalize: Callable[[Array], Array] = lambda x: x

    @nn.compact
    def __call__(self, x: Array, output_shape: Shape) -> Array:
        """The output, of `output_shape`."""
        hidden = self.hidden_gains.in_turn()
        if self.image_axis is None:
            for i, channels in enumerate(self.channels):
                x = self._residual(halve(self._ready(x) if i else x, channels, next(hidden)))
            x = self._dense(self._ready(x).reshape(-1), hidden)
            return Dense(math.prod(output_shape), self.output_gain, x.dtype)(x).reshape(output_shape)
        start = self.image_axis
        sides = [output_shape[start : start + 2]]
        for _ in self.channels:
            sides.append(tuple((side + 1) // 2 for side in sides[-1]))
        others = output_shape[:start] + output_shape[start + 2 :]  # the likelihood's parameters, and channels
        x = self._dense(x.reshape(-1), hidden)
        x = Dense(math.prod(sides[-1]) * self.channels[-1], next(hidden), x.dtype)(x)
        x = x.reshape(*sides[-1], self.channels[-1])
        widths = (math.prod(others), *self.channels[:-1])
        gains = (self.output_gain, *[self.hidden_gains.later] * (len(self.channels) - 1))
        for larger, channels, gain in reversed(list(zip(sides[:-1], widths, gains, strict=True))):
            x = double(self._ready(self._residual(x)), channels, larger, gain)
        return jnp.moveaxis(x.reshape(*sides[0], *others), (0, 1), (start, start + 1))

    def _ready(self, x: Array) -> Array:
        return ACTIVATIONS[self.activation](self.normalize(x))

    def _residual(self, x: Array) -> Array:
        for _ in range(self.blocks):
            x = x + convolve(self._ready(convolve(self._ready(x))))
        return x

    def _dense(self, x: Array, gains: Iterator[ArrayLike]) -> Array:
        for size in self.features:
            x = ACTIVATIONS[self.activation](Dense(size, next(gains), x.dtype)(x))
        return x
