"""A posterior over classes, for ONE example whose class may be known."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jaxvae.errors import UserError
from jaxvae.model import ModelParts
from jaxvae.posteriors.posterior import Posterior
from jaxvae.pytrees import dataclass
from jaxvae.spaces import Space
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class KnownClass(Posterior):
    """Another posterior whose class is known: q(y|x) is 1 at `label`; with −1 it is the other posterior itself.

    A model puts it in the place of its posterior once it is `given` an observation.

    Args:
        posterior: over a class, and maybe more.
        label: the class, `[]` int; −1 where it is not known.
    """

    posterior: Any
    label: Array

    @property
    def space(self) -> Space:
        """That of the posterior."""
        return self.posterior.space

    def check_model(self, model: ModelParts) -> None:
        """As the posterior does."""
        self.posterior.check_model(model)

    def parameter_shape(self, model: ModelParts) -> Shape:
        """That of the posterior."""
        return self.posterior.parameter_shape(model)

    def init(self, key: Key, model: ModelParts) -> Params:
        """The parameters of the posterior."""
        return self.posterior.init(key, model)

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> Any:
        """q(z|x), with the class known."""
        return self.posterior.distribution(model, params, outputs).with_class(self.label)

    def decoder_input(self, model: ModelParts, z: Array) -> Array:
        """That of the posterior."""
        return self.posterior.decoder_input(model, z)

    def with_label(self, label: Any) -> Posterior:
        """The posterior with another label."""
        return self.posterior.with_label(label)


def known_class(posterior: Any, label: Any, num_classes: int) -> KnownClass:
    """The posterior for an example of a class.

    Raises:
        UserError: for a label that is no class.
    """
    if not isinstance(label, Tracer):
        number = np.asarray(label)
        if number.shape != () or number != np.round(number) or not -1 <= number < num_classes:
            raise UserError(
                f"a label must be one of the classes 0 to {num_classes - 1}, or -1 where it is not known, got {number}"
            )
    return KnownClass(posterior, jnp.asarray(label).astype(int))
