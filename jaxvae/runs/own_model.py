"""A model of the user's in the place of the VAE."""

from collections.abc import Mapping
from typing import Any

from jaxvae.calls import called
from jaxvae.errors import UserError
from jaxvae.model import Model


def own_model(word: str, given: Mapping[str, Any]) -> Model:
    """Build the model at an import path, with options in parentheses: my_module.MyModel(width=3).

    Args:
        word: the import path.
        given: values that it gets where it has a field of that name: `data_shape`, `latent_dim`, `encoder`, ….

    Raises:
        UserError: if there is no such class, it has no such option, or it builds something else than a `Model`.
    """
    found = called(word, "`model`", given)
    if not isinstance(found, Model):
        raise UserError(
            f"`model` {word} must be a jaxvae.Model, got an object of {type(found).__name__}: derive your class from "
            f"jaxvae.Model, with @jaxvae.dataclass above it"
        )
    return found
