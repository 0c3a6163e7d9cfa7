"""A likelihood as ONE example with hidden entries sees it."""

from typing import Any

import numpy as np

from jaxvae.distributions.marginal import Marginal
from jaxvae.errors import UserError
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import Support
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class Masked(Likelihood):
    """Another likelihood, whose density is that of the observed entries of one example.

    A model puts it in the place of its likelihood once it is `given` an observation.

    Args:
        likelihood: of the whole example.
        observed: which entries were seen, bool, `data_shape`.
    """

    likelihood: Any
    observed: Array

    @property
    def support(self) -> Support:
        """That of the likelihood."""
        return self.likelihood.support

    def parameter_shape(self, model: ModelParts) -> Shape:
        """That of the likelihood."""
        return self.likelihood.parameter_shape(model)

    def check_model(self, model: ModelParts) -> None:
        """As the likelihood does."""
        self.likelihood.check_model(model)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The parameters of the likelihood."""
        return self.likelihood.init(key, model, examples)

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> Marginal:
        """p(x_observed|z)."""
        return Marginal(self.likelihood.distribution(model, params, outputs), self.observed)

    def encoder_observed(self, model: ModelParts, observed: Array) -> Array:
        """That of the likelihood."""
        return self.likelihood.encoder_observed(model, observed)

    def encoder_input(self, model: ModelParts, params: Params, x: Array) -> Array:
        """That of the likelihood."""
        return self.likelihood.encoder_input(model, params, x)


def check_hidden_last(likelihood: object, observed: np.ndarray, wanted: str) -> None:
    """Check that along the last axis no observed entry comes after a hidden one.

    Raises:
        UserError: naming the likelihood and what it needs.
    """
    if np.any(observed[..., 1:] & ~observed[..., :-1]):
        raise UserError(
            f"{type(likelihood).__name__} can leave out hidden entries only if {wanted}, got others: take a likelihood "
            f"of independent entries (`likelihood=Bernoulli()`, `likelihood=Normal()`)"
        )
