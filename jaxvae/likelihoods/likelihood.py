"""What a likelihood is: how the decoder's outputs become p(x|z)."""

import abc
from typing import Self

import numpy as np

from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.likelihoods.support import Support
from jaxvae.model import ModelParts
from jaxvae.typing import Array, Key, Params, Shape


class Likelihood(abc.ABC):
    """A family of observation models p(x|z) whose parameters are the decoder's outputs."""

    @property
    @abc.abstractmethod
    def support(self) -> Support:
        """The data values that have a density."""

    @abc.abstractmethod
    def parameter_shape(self, model: ModelParts) -> Shape:
        """The shape that the decoder must put out for one example: `data_shape`, or `(n, *data_shape)` for n numbers.

        The axis of n comes first, so that a convolutional decoder can use channels for it.
        """

    @abc.abstractmethod
    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> SupportsSampleAndLogProb:
        """p(x|z) from the decoder's `outputs`; its own parameters are in `params["likelihood"]`."""

    def for_data(self, largest_level: int | None) -> Self:
        """The likelihood with options that depend on the data as numbers; `self` if nothing changes, as by default.

        A run calls it before it builds the model. In Python give the numbers yourself, or call it.

        Args:
            largest_level: n if x are grey levels g / n, else None.
        """
        del largest_level
        return self

    def check_model(self, model: ModelParts) -> None:
        """Check that this likelihood fits the rest of the model; called when the model is built.

        Raises:
            UserError: if it does not.
        """
        del model

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """Draw the parameters that are not the decoder's; by default there are none.

        At the start, a decoder that puts out 0 should give the best member of the family that ignores z, so that no
        model has to learn units first. That member is a baseline; `maximum_likelihood` finds it.

        `examples`, `[n, *data_shape]`, are training examples if the caller has them, else None. They have no noise: if
        training binarises dynamically, they are grey levels.
        """
        del key, model, examples
        return {}

    def at_step(self, step: Array) -> Self:
        """This likelihood at a training step: schedules replaced by their numbers; by default itself."""
        del step
        return self

    def check_observed(self, model: ModelParts, observed: np.ndarray) -> None:
        """Check that the hidden entries of examples can be integrated out; by default any can.

        Args:
            model: the model.
            observed: which entries were seen, bool, `[n, *data_shape]`.

        Raises:
            UserError: if they cannot.
        """
        del model, observed

    def encoder_observed(self, model: ModelParts, observed: Array) -> Array:
        """Which numbers of `encoder_input` come from observed entries alone, bool; by default `observed` itself."""
        del model
        return observed

    def encoder_input(self, model: ModelParts, params: Params, x: Array) -> Array:
        """The encoder's input for ONE example: by default x itself.

        For values that a network cannot read well (counts over many orders of magnitude, codes of classes), another
        array: differentiable in x, and of one shape for all examples.
        """
        del model, params
        return x
