"""The JSON file that results are kept in, written after every case."""

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jax.numpy as jnp

from jaxvae.errors import UserError
from jaxvae.evaluation.provenance import provenance

_NOT_DONE = ("failed", "skipped")


class Results:
    """Results by the names of their cases, and figures of peers by what these are made of.

    Args:
        path: the file; what it holds already stays.

    Raises:
        UserError: if there is a file that this script did not write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.document: dict[str, Any] = {"cases": {}, "peers": {}}
        if path.is_file():
            try:
                self.document = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise UserError(f"--output must be a JSON file of this script, got {path}: name another") from error
        made_by = provenance(jnp.zeros((1, 1)))
        self.commit = made_by["code"]["commit"]
        packages = {name: _version(name) for name in ("torch",)}
        head = {"hardware": made_by["hardware"], "code": {**made_by["code"], **packages}}
        self.document = {**head, "cases": self.document["cases"], "peers": self.document["peers"]}

    @property
    def cases(self) -> dict[str, Any]:
        """By name."""
        return self.document["cases"]

    @property
    def peers(self) -> dict[str, Any]:
        """By what they are made of."""
        return self.document["peers"]

    def has(self, name: str) -> bool:
        """Whether a case has figures; one that failed or was skipped is tried again."""
        return name in self.cases and not any(word in self.cases[name] for word in _NOT_DONE)

    def add(self, name: str, result: dict[str, Any]) -> None:
        """Keep the result of a case."""
        self.cases[name] = {**result, "commit": self.commit}
        self.write()

    def write(self) -> None:
        """Replace the file at once, so that none is ever half written."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".part")
        beside.write_text(json.dumps(self.document, indent=1) + "\n")
        beside.replace(self.path)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
