"""What a posterior is: how the encoder's outputs become q(z|x)."""

import abc
from typing import ClassVar, Self

from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.model import ModelParts
from jaxvae.spaces import REAL, Space
from jaxvae.typing import Array, Key, Params, Shape


class Posterior(abc.ABC):
    """A family of approximate posteriors q(z|x), with the encoder's outputs for parameters."""

    trained_by: ClassVar[str | None] = None
    """The only objective that trains it, for one with state that the objective moves; by default every one does."""

    @property
    def space(self) -> Space:
        """Where z lives: the prior must live there too."""
        return REAL

    @abc.abstractmethod
    def parameter_shape(self, model: ModelParts) -> Shape:
        """The shape that the encoder must put out for one example."""

    @abc.abstractmethod
    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> SupportsSampleAndLogProb:
        """q(z|x) from the encoder's `outputs`; parameters of its own are in `params["posterior"]`."""

    def check_model(self, model: ModelParts) -> None:
        """Check that this posterior goes with the rest of the model; called when the model is built.

        Raises:
            UserError: if it does not.
        """
        del model

    def init(self, key: Key, model: ModelParts) -> Params:
        """Draw the parameters that are not the encoder's; by default there are none."""
        del key, model
        return {}

    def decoder_input(self, model: ModelParts, z: Array) -> Array:
        """What the decoder is shown of ONE z, `[latent_dim]`; by default z itself."""
        del model
        return z

    def at_step(self, step: Array) -> Self:
        """This posterior as it is at a training step: schedules replaced by their numbers."""
        del step
        return self

    def for_run(self, num_steps: int) -> Self:
        """This posterior with what follows the length of a run as numbers, and `self` where nothing changes.

        Args:
            num_steps: of the whole run [steps].
        """
        del num_steps
        return self
