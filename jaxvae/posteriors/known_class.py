"""A posterior over classes, for ONE example whose class may be known."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jaxvae.checks import as_numbers
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
        num_classes: the classes of the posterior. Of a label beyond them, which `jit` does not know, all is NaN.
    """

    posterior: Any
    label: Array
    num_classes: int

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
        return self.posterior.distribution(model, params, self._if_known(outputs)).with_class(self.label)

    def decoder_input(self, model: ModelParts, z: Array) -> Array:
        """That of the posterior."""
        return self._if_known(self.posterior.decoder_input(model, z))

    def _if_known(self, numbers: Array) -> Array:
        """The numbers, or NaN if the label is no class."""
        return jnp.where((self.label >= -1) & (self.label < self.num_classes), numbers, jnp.nan)

    def with_label(self, label: Any) -> Posterior:
        """The posterior with another label."""
        return self.posterior.with_label(label)


def known_class(posterior: Any, label: Any, num_classes: int) -> KnownClass:
    """The posterior for an example of a class.

    Raises:
        UserError: for a label that is no class.
    """
    wanted = f"a label must be one of the classes 0 to {num_classes - 1}, or -1 where it is not known"
    label = as_numbers(label, "a label")
    if label.shape != ():
        raise UserError(f"{wanted}, got an array of shape {label.shape}: jax.vmap over examples")
    xp: Any = jnp if isinstance(label, Tracer) else np
    is_class = (label == xp.round(label)) & (label >= -1) & (label < num_classes)
    if isinstance(label, Tracer):
        label = jnp.where(is_class, label, num_classes)
    elif not is_class:
        raise UserError(f"{wanted}, got {label}")
    return KnownClass(posterior, jnp.asarray(label).astype(int), num_classes)
