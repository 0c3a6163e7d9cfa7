"""What a prior is: a distribution p(z) over the latents."""

import abc
from typing import NamedTuple, Self

import numpy as np

from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.model import ModelParts
from jaxvae.observation import Example
from jaxvae.spaces import REAL, Space
from jaxvae.typing import Array, Key, Params


class Figure(NamedTuple):
    """A number that an evaluation reports about a component."""

    value: Array
    """The number, in `unit`, `[]`."""
    standard_error: Array
    """The standard error of its estimate, `[]`."""
    unit: str


class Prior(abc.ABC):
    """A family of priors p(z).

    `distribution` is given the whole model and all its parameters, so a prior made of the encoder (VampPrior,
    exemplars) needs no special case. The prior's own parameters are in `params["prior"]`; data that training must not
    change are there under `"fixed"`.
    """

    @property
    def space(self) -> Space | None:
        """Where z lives: the posterior must live there too; None for a prior that takes over the posterior's space."""
        return REAL

    @abc.abstractmethod
    def distribution(self, model: ModelParts, params: Params) -> SupportsSampleAndLogProb:
        """p(z), over `[latent_dim]`."""

    def given(self, model: ModelParts, params: Params, x: Example) -> SupportsSampleAndLogProb:
        """p(z) as the terms of example `x` use it: `distribution`, unless it must not see `x` itself (exemplars).

        `x` is an `Observation` if some of its entries are hidden; the model is the same for every example.
        """
        del x
        return self.distribution(model, params)

    def check_model(self, model: ModelParts) -> None:
        """Check that this prior fits the rest of the model; called when the model is built.

        Raises:
            UserError: if it does not.
        """
        del model

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """Draw the prior's own parameters; by default there are none.

        `examples`, `[n, *data_shape]`, are training examples if the caller has them, else None. They have no noise: if
        training binarises dynamically, they are grey levels.
        """
        del key, model, examples
        return {}

    @property
    def starts_at_codes(self) -> bool:
        """Whether it starts from codes of training examples, and so needs a run that starts from another."""
        return False

    def started_at_codes(self, own: Params, codes: np.ndarray) -> Params:
        """The prior's own parameters from codes of training examples, where it `starts_at_codes`.

        A run that starts from another (`init_from`) has such codes. A mixture may start at their clusters.

        Args:
            own: `params["prior"]`.
            codes: the means of q(z|x) of training examples, `[n, latent_dim]`.
        """
        del codes
        return own

    def at_step(self, step: Array) -> Self:
        """This prior at a training step: schedules replaced by their numbers."""
        del step
        return self

    def for_training(self, key: Key) -> "Prior":
        """This prior with the noise that all examples of one training step share; by default there is none."""
        del key
        return self

    def report(self, model: ModelParts, params: Params) -> dict[str, Figure]:
        """What `evaluation.json` reports about the prior besides the scores; by default nothing."""
        del model, params
        return {}
