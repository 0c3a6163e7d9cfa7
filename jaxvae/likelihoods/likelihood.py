"""What a likelihood is: how the decoder's outputs become p(x|z)."""

import abc
from typing import TYPE_CHECKING

from jaxvae.distributions import Distribution, SupportsSampleAndLogProb
from jaxvae.likelihoods.support import Support
from jaxvae.typing import Array, Key, Params, Shape

if TYPE_CHECKING:
    from jaxvae.vae import VAE


class Likelihood(abc.ABC):
    """A family of observation models p(x|z), with the decoder's outputs for parameters."""

    @property
    @abc.abstractmethod
    def support(self) -> Support:
        """The data values that have a density."""

    @abc.abstractmethod
    def parameter_shape(self, vae: "VAE") -> Shape:
        """The shape that the decoder must put out for one example: `data_shape`, or `(n, *data_shape)` for n numbers.

        The numbers of one dimension come first, so that a convolutional decoder can make channels of them.
        """

    @abc.abstractmethod
    def distribution(self, vae: "VAE", params: Params, outputs: Array) -> SupportsSampleAndLogProb:
        """p(x|z) from the decoder's `outputs`; parameters of its own are in `params["likelihood"]`."""

    def check_model(self, vae: "VAE") -> None:
        """Check that this likelihood goes with the rest of the model; called when the model is built.

        Raises:
            UserError: if it does not.
        """
        del vae

    def init(self, key: Key, vae: "VAE", examples: Array | None) -> Params:
        """Draw the parameters that are not the decoder's; by default there are none.

        `examples`, `[n, *data_shape]`, are training examples where the caller has them, else None; without noise: grey
        levels where training binarises dynamically.
        """
        del key, vae, examples
        return {}

    def encoder_input(self, vae: "VAE", params: Params, x: Array) -> Array:
        """What the encoder is shown of ONE example: by default x itself.

        Where x is no number that a network reads well (counts over many orders of magnitude, codes of classes), another
        array, differentiable in x, of any shape that is the same for every example.
        """
        del vae, params
        return x

    def independent(self, x: Array) -> Distribution | None:
        """The model of training data, `[n, *data_shape]`, with independent dimensions: what a trained one must beat.

        None where the default for the support is right: Bernoulli for binary data, normal for real data, else none.
        """
        del x
        return None
