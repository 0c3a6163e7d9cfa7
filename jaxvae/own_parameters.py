"""Errors of parameters that are of another model than the one that reads them."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from flax.errors import (
    InvalidRngError,
    ModifyScopeVariableError,
    ScopeCollectionNotFound,
    ScopeParamNotFoundError,
    ScopeParamShapeError,
)

from jaxvae.conditions import description_of
from jaxvae.errors import UserError
from jaxvae.likelihoods.masked import Masked
from jaxvae.posteriors.known_class import KnownClass


@contextlib.contextmanager
def of_this_model(name: str, component: object) -> Iterator[None]:
    """A context for reading the parameters of a component, or of an option by its value.

    Raises:
        UserError: if parameters are missing, because they are of another model, or if a module of Linen draws noise or
            changes its state.
    """
    try:
        yield
    except (LookupError, ScopeCollectionNotFound, ScopeParamNotFoundError, ScopeParamShapeError) as error:
        of = repr(component) if isinstance(component, str) else f"a {type(as_built(component)).__name__}"
        raise UserError(
            f"params must be those of this model, got others for its {name}, {of}: take them from jaxvae.init of this "
            f"model ({' '.join(str(error).split())[:200]})"
        ) from error
    except (InvalidRngError, ModifyScopeVariableError) as error:
        raise UserError(
            f"VAE.{name} must be a function of its input and of learned numbers alone, got a "
            f"{type(component).__name__} that asks for more: leave out dropout and batch statistics "
            f"({' '.join(str(error).split())[:200]})"
        ) from error


def as_built(component: Any) -> Any:
    """A component as the user gave it to the model, without what belongs to one example."""
    if isinstance(component, Masked):
        return component.likelihood
    return component.posterior if isinstance(component, KnownClass) else description_of(component)


def check_params(params: object) -> None:
    """Check that these are parameters at all.

    Raises:
        UserError: for anything but a dictionary.
    """
    if not isinstance(params, Mapping):
        raise UserError(f"params must be the dictionary of jaxvae.init, got {type(params).__name__}")
