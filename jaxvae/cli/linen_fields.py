"""Modules of Linen among the flags: two of their fields say where they lie in another module, and are no options."""

from typing import Any

import flax.linen as nn
from jsonargparse import Namespace

from jaxvae.import_path import imported


def linen_fields(cls: object) -> tuple[str, ...]:
    """The fields of a class that are Linen's own: none of a class that is not a module of Linen.

    >>> linen_fields(nn.Dense), linen_fields(dict)
    (('parent', 'name'), ())
    """
    return ("parent", "name") if isinstance(cls, type) and issubclass(cls, nn.Module) else ()


def drop_linen_fields(flags: Namespace) -> None:
    """Leave `parent` and `name` of every module of Linen to Linen, so that no configuration states them."""
    for value in list(vars(flags).values()):
        _drop(value)


def _drop(value: Any) -> None:
    if not isinstance(value, Namespace):
        return
    options = value.get("init_args")
    if isinstance(options, Namespace) and "parent" in options:
        for name in linen_fields(imported(value["class_path"], "class_path")):
            options.pop(name, None)
    drop_linen_fields(value)
