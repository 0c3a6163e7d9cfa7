"""Modules of Linen among the flags: two of their fields say where they lie in another module, and are no options."""

from typing import Any

import flax.linen as nn
from jsonargparse import Namespace

from jaxvae.import_path import imported

_OF_LINEN = ("parent", "name")


def drop_linen_fields(flags: Namespace) -> None:
    """Leave `parent` and `name` of every module of Linen to Linen, so that no configuration states them."""
    for value in list(vars(flags).values()):
        _drop(value)


def _drop(value: Any) -> None:
    if not isinstance(value, Namespace):
        return
    options = value.get("init_args")
    if isinstance(options, Namespace) and all(name in options for name in _OF_LINEN):
        cls = imported(value["class_path"], "class_path")
        for name in _OF_LINEN if isinstance(cls, type) and issubclass(cls, nn.Module) else ():
            options.pop(name)
    drop_linen_fields(value)
