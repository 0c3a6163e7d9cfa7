"""What a network is: a map from one example to an array of a given shape."""

import abc

from jaxvae.typing import Array, Key, Params, Shape


class Network(abc.ABC):
    """A map from one input of any shape to an output of `output_shape`, as two pure functions.

    A Flax Linen module with `__call__(self, x, output_shape)` has exactly these two methods, and works wherever a
    network is expected. The output shape is an argument, because the posterior (for an encoder) or the likelihood (for
    a decoder) decides it. So nobody writes a last layer by hand.
    """

    @abc.abstractmethod
    def init(self, key: Key, x: Array, output_shape: Shape) -> Params:
        """Draw the parameters for inputs shaped like `x`."""

    @abc.abstractmethod
    def apply(self, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output for one `x`, of shape `output_shape`."""
