"""The residual network."""

import flax.linen as nn
import jax

from jaxvae.checks import check_choice, check_range
from jaxvae.networks.activations import ACTIVATIONS
from jaxvae.networks.conv import check_widths
from jaxvae.networks.images import ImageNetwork, image_axis
from jaxvae.networks.network import Network
from jaxvae.networks.start import HiddenGains
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

_NUM_GROUPS = 8  # at most, with at least two channels in each: one channel of a 1 × 1 image has no variance
_EPSILON = 1e-5  # added to a group's variance: bounds the gradient of a constant group


def num_groups(channels: int) -> int:
    """The largest number of equal groups, at most 8, with at least two channels in each.

    >>> [num_groups(channels) for channels in (1, 6, 16, 64)]
    [1, 3, 8, 8]
    """
    at_most = min(_NUM_GROUPS, max(channels // 2, 1))
    return max(groups for groups in range(1, at_most + 1) if channels % groups == 0)


def _normalize(x: Array) -> Array:
    groups = num_groups(x.shape[-1])
    norm = nn.GroupNorm(groups, epsilon=_EPSILON, dtype=x.dtype, param_dtype=x.dtype, use_fast_variance=False)
    with jax.numpy_dtype_promotion("standard"):  # its mean and variance are float32 for any x
        return norm(x[None])[0]


@dataclass
class ResNet(Network):
    """A residual network that halves an image (encoder) or doubles up to one (decoder), of any size.

    Like `Conv`, with `blocks` residual blocks on the image at each smaller size, and a group normalisation before every
    activation between images:

    h ← h + conv3×3(activation(norm(conv3×3(activation(norm(h))))))

    Blocks: He et al. 2016 ("Identity mappings"), figure 1b. Norm: Wu and He 2018, equation 1, up to 8 groups of
    channels. There is no batch normalisation. With it, the ELBO of an example would depend on the other examples of its
    batch, and would not bound the log-likelihood of that example. Evaluation would also use another function than
    training.

    Args:
        channels: channels after each halving, from the full image down; the decoder goes from the last up [channels].
        blocks: residual blocks at each size [blocks].
        features: widths of dense layers between the smallest image and the vector, from the input on [units].
        activation: in blocks and dense layers, as in `MLP`.
        image_axis: axis of the output shape where (height, width, channels) start; by default found by their sizes.
        output_gain: gain of the last layer, as in `MLP`; the other layers have a gain of 1, since norms follow them.

    Raises:
        UserError: as `Conv`.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> resnet, z = ResNet(channels=(4, 8), blocks=2), jnp.zeros(2)
        >>> params = resnet.init(jax.random.key(0), z, (8, 8, 1))
        >>> resnet.apply(params, z, (8, 8, 1)).shape
        (8, 8, 1)
    """

    channels: tuple[int, ...] = (32, 64)
    blocks: int = 1
    features: tuple[int, ...] = ()
    activation: str = "silu"
    image_axis: int | None = None
    output_gain: float = 0.1

    def __post_init__(self) -> None:
        check_widths(self, self.channels, self.features)
        check_choice(self, ACTIVATIONS, activation=self.activation)
        check_range(self, at_least=1, blocks=self.blocks)
        check_range(self, at_least=0, image_axis=self.image_axis)
        check_range(self, above=0.0, output_gain=self.output_gain)

    def _module(self, x: Array, output_shape: Shape) -> ImageNetwork:
        axis = image_axis(self, x.shape, output_shape, self.channels, self.image_axis)
        return ImageNetwork(
            self.channels,
            self.features,
            self.activation,
            axis,
            HiddenGains(),
            self.output_gain,
            self.blocks,
            _normalize,
        )

    def init(self, key: Key, x: Array, output_shape: Shape) -> Params:
        """Draw the parameters: weights N(0, gain² / fan-in) truncated at two deviations, biases 0, scales 1."""
        return self._module(x, output_shape).init(key, x, output_shape)

    def apply(self, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output for one `x`, of shape `output_shape`."""
        return self._module(x, output_shape).apply(params, x, output_shape)  # type: ignore[return-value]
