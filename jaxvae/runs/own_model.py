"""A model of the user's in the place of the VAE."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from jaxvae.calls import called, parameters, parsed
from jaxvae.errors import UserError
from jaxvae.import_path import imported
from jaxvae.model import Model
from jaxvae.runs.compute_flags import ComputeFlags
from jaxvae.vae import VAE

_OF_DATA = {"data_shape", "likelihood", "condition"}  # which act on the data, too
_NETWORKS = {"encoder", "decoder"}


def own_model(word: str, values: Mapping[str, Any], given: Mapping[str, Any]) -> Model:
    """Build the model at an import path, with options in parentheses: my_module.MyModel(width=3).

    Args:
        word: the import path.
        values: of all flags.
        given: values that it gets in their place, or besides: `data_shape`, `encoder` as it is computed, ….

    Raises:
        UserError: if there is no such class, it has no such option, or it builds something else than a `Model`; or if a
            flag has another value than its default, which the class has no field for.
    """
    flags = {field.name: field.default for cls in (VAE, ComputeFlags) for field in dataclasses.fields(cls)}
    for name in unused_flags(word):
        if values[name] != flags[name]:
            raise UserError(
                f"`model` {parsed(word, '`model`').path} has no field for `{name}`, which would do nothing: leave it "
                f"out, or give the class such a field"
            )
    found = called(word, "`model`", {**values, **given})
    if not isinstance(found, Model):
        raise UserError(
            f"`model` {word} must be a jaxvae.Model, got an object of {type(found).__name__}: derive your class from "
            f"jaxvae.Model, with @jaxvae.dataclass above it"
        )
    return found


def unused_flags(word: str) -> tuple[str, ...]:
    """The flags of the VAE that the model at an import path has no field for, and those of networks if it has none."""
    known = set(parameters(imported(parsed(word, "`model`").path, "`model`")) or ())
    of_vae = [field.name for field in dataclasses.fields(VAE) if field.name not in _OF_DATA | known]
    of_networks = () if _NETWORKS & known else tuple(field.name for field in dataclasses.fields(ComputeFlags))
    return (*of_vae, *of_networks)
