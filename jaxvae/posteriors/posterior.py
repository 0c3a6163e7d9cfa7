"""What a posterior is: how the encoder's outputs become q(z|x)."""

import abc
from typing import Any, ClassVar, Self

from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.errors import UserError
from jaxvae.model import ModelParts
from jaxvae.spaces import REAL, Space
from jaxvae.typing import Array, Key, Params, Shape


class Posterior(abc.ABC):
    """A family of approximate posteriors q(z|x) whose parameters are the encoder's outputs."""

    trained_by: ClassVar[str | None] = None
    """The name of the only objective that can train it, because the objective moves its state; by default any can."""

    @property
    def space(self) -> Space:
        """Where z lives: the prior must live there too."""
        return REAL

    @abc.abstractmethod
    def parameter_shape(self, model: ModelParts) -> Shape:
        """The shape that the encoder must put out for one example."""

    @abc.abstractmethod
    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> SupportsSampleAndLogProb:
        """q(z|x) from the encoder's `outputs`; its own parameters are in `params["posterior"]`."""

    def check_model(self, model: ModelParts) -> None:
        """Check that this posterior fits the rest of the model; called when the model is built.

        Raises:
            UserError: if it does not.
        """
        del model

    def init(self, key: Key, model: ModelParts) -> Params:
        """Draw the parameters that are not the encoder's; by default there are none."""
        del key, model
        return {}

    def decoder_input(self, model: ModelParts, z: Array) -> Array:
        """The decoder's input for ONE z, `[latent_dim]`; by default z itself."""
        del model
        return z

    def with_label(self, label: Any) -> "Posterior":
        """This posterior for ONE example whose class is `label`, −1 where it is not known.

        Raises:
            UserError: if z has no class, as by default.
        """
        del label
        raise UserError(
            f"the model has no discrete latent whose class a label could be, got {type(self).__name__}: leave `label` "
            f"out, or take `posterior=ClassAndNormal()`"
        )

    def at_step(self, step: Array) -> Self:
        """This posterior at a training step: schedules replaced by their numbers."""
        del step
        return self

    def for_run(self, num_steps: int) -> Self:
        """This posterior with options that depend on the length of a run as numbers; `self` if nothing changes.

        Args:
            num_steps: of the whole run [steps].
        """
        del num_steps
        return self
