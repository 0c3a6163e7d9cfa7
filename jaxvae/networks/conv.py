"""The convolutional network."""

from jaxvae.checks import check_choice, check_range
from jaxvae.errors import UserError
from jaxvae.networks.activations import ACTIVATIONS
from jaxvae.networks.images import ImageNetwork, image_axis
from jaxvae.networks.network import Network
from jaxvae.networks.start import HiddenGains
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class Conv(Network):
    """A convolutional network that halves an image (encoder) or doubles up to one (decoder), of any size.

    An input of three axes, (height, width, channels), makes it an encoder. It has a 4 × 4 convolution of stride 2 and
    an activation for each entry of `channels`, then dense layers of `features`, then a linear layer to the output. Any
    other input is a vector and makes it a decoder, the mirror image with transposed convolutions. The encoder pads odd
    sides and the decoder cuts them: 9 × 13 → 5 × 7 → 3 × 4, and back. After Radford, Metz and Chintala 2016, without
    batch normalisation (see `ResNet` for why).

    A decoder must find the image in its output shape. With three axes, the image is the whole shape. A longer shape has
    several parameters for each pixel; there the image is at the one place with two sides of at least 5 and then 1 to 4
    channels. So (2, 28, 28, 1) and (32, 32, 3, 256) are clear. If it is not clear (more channels), give `image_axis`.

    Args:
        channels: channels after each halving, from the full image down; the decoder goes from the last up [channels].
        features: widths of dense layers between the smallest image and the vector, from the input on [units].
        activation: after each hidden layer, as in `MLP`.
        image_axis: axis of the output shape where (height, width, channels) start; by default found by their sizes.
        hidden_gain: gain of the hidden layers, as in `MLP`.
        output_gain: gain of the last layer, as in `MLP`.

    Raises:
        UserError: for a width below 1, a gain that is not above 0 or an unknown activation; for no `channels` or too
            many for the image; without an image as input or output, or with an output shape in which it is not clear.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> conv, image, z = Conv(channels=(4, 8)), jnp.zeros((9, 13, 3)), jnp.zeros(2)
        >>> conv.apply(conv.init(jax.random.key(0), image, (2, 5)), image, (2, 5)).shape
        (2, 5)
        >>> conv.apply(conv.init(jax.random.key(0), z, (2, 9, 13, 3)), z, (2, 9, 13, 3)).shape
        (2, 9, 13, 3)
    """

    channels: tuple[int, ...] = (32, 64)
    features: tuple[int, ...] = ()
    activation: str = "silu"
    image_axis: int | None = None
    hidden_gain: float | None = None
    output_gain: float = 0.1

    def __post_init__(self) -> None:
        check_widths(self, self.channels, self.features)
        check_choice(self, ACTIVATIONS, activation=self.activation)
        check_range(self, at_least=0, image_axis=self.image_axis)
        check_range(self, above=0.0, hidden_gain=self.hidden_gain, output_gain=self.output_gain)

    def _module(self, x: Array, output_shape: Shape) -> ImageNetwork:
        axis = image_axis(self, x.shape, output_shape, self.channels, self.image_axis)
        gains = HiddenGains.of(self.hidden_gain, self.activation)
        return ImageNetwork(self.channels, self.features, self.activation, axis, gains, self.output_gain)

    def init(self, key: Key, x: Array, output_shape: Shape) -> Params:
        """Draw the parameters: weights N(0, gain² / fan-in) truncated at two standard deviations, biases 0."""
        return self._module(x, output_shape).init(key, x, output_shape)

    def apply(self, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output for one `x`, of shape `output_shape`."""
        return self._module(x, output_shape).apply(params, x, output_shape)  # type: ignore[return-value]


def check_widths(owner: object, channels: Shape, features: Shape) -> None:
    """Check that there are channels, and that every width is at least 1.

    Raises:
        UserError: naming the option that is wrong.
    """
    if not channels:
        raise UserError(f"{type(owner).__name__}.channels must have an entry for each halving, got none: try (32, 64)")
    for count in channels:
        check_range(owner, at_least=1, channels=count)
    for size in features:
        check_range(owner, at_least=1, features=size)
