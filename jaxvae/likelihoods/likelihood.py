"""What a likelihood is: how the decoder's outputs become p(x|z)."""

import abc
from typing import Self

from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.likelihoods.support import Support
from jaxvae.model import ModelParts
from jaxvae.typing import Array, Key, Params, Shape


class Likelihood(abc.ABC):
    """A family of observation models p(x|z), with the decoder's outputs for parameters."""

    @property
    @abc.abstractmethod
    def support(self) -> Support:
        """The data values that have a density."""

    @abc.abstractmethod
    def parameter_shape(self, model: ModelParts) -> Shape:
        """The shape that the decoder must put out for one example: `data_shape`, or `(n, *data_shape)` for n numbers.

        The numbers of one dimension come first, so that a convolutional decoder can make channels of them.
        """

    @abc.abstractmethod
    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> SupportsSampleAndLogProb:
        """p(x|z) from the decoder's `outputs`; parameters of its own are in `params["likelihood"]`."""

    def for_data(self, largest_level: int | None) -> Self:
        """The likelihood with what the data state as numbers, and `self` where nothing changes; by default as it is.

        A run asks for it before it builds the model; in Python you give the numbers, or call it.

        Args:
            largest_level: n where x are grey levels g / n, None where they are none.
        """
        del largest_level
        return self

    def check_model(self, model: ModelParts) -> None:
        """Check that this likelihood goes with the rest of the model; called when the model is built.

        Raises:
            UserError: if it does not.
        """
        del model

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """Draw the parameters that are not the decoder's; by default there are none.

        They should start where a decoder that puts out 0 is the best member of the family that ignores z, so that no
        model has to learn units first: that member is a baseline, and `maximum_likelihood` finds it.

        `examples`, `[n, *data_shape]`, are training examples where the caller has them, else None; without noise: grey
        levels where training binarises dynamically.
        """
        del key, model, examples
        return {}

    def encoder_input(self, model: ModelParts, params: Params, x: Array) -> Array:
        """What the encoder is shown of ONE example: by default x itself.

        Where x is no number that a network reads well (counts over many orders of magnitude, codes of classes), another
        array, differentiable in x, of any shape that is the same for every example.
        """
        del model, params
        return x
