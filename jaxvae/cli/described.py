"""Components as flags describe them: a class path and its options."""

import dataclasses
from typing import Any

from jsonargparse import Namespace

from jaxvae.cli.linen_fields import linen_fields


def described(component: Any) -> Namespace:
    """A component, with every component within it.

    >>> from jaxvae.networks import GatedMLP
    >>> described(GatedMLP((3, 2))).init_args.features
    [3, 2]
    """
    cls = type(component)
    names = [field.name for field in dataclasses.fields(component) if field.name not in linen_fields(cls)]
    path = f"{cls.__module__}.{cls.__qualname__}"
    arguments = {name: _value(getattr(component, name)) for name in names}
    return Namespace(class_path=path, init_args=Namespace(arguments)) if arguments else Namespace(class_path=path)


def own_defaults(cls: type) -> dict[str, Any]:
    """The options of a class that have defaults, as flags describe them; none for a class that is not a dataclass.

    >>> from jaxvae.networks import GatedMLP
    >>> own_defaults(GatedMLP)["features"]
    [300, 300]
    """
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    known = {field.name: field.default for field in fields if field.init and field.default is not dataclasses.MISSING}
    return {name: _as_dict(_value(value)) for name, value in known.items() if name not in linen_fields(cls)}


def _value(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return described(value)
    return list(value) if isinstance(value, tuple) else value


def _as_dict(value: Any) -> Any:
    return value.as_dict() if isinstance(value, Namespace) else value
