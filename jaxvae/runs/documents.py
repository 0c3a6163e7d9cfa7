"""JSON files of figures: written so that a kill in between leaves the old one."""

import json
import math
import tempfile
from pathlib import Path
from typing import Any

from jaxvae.errors import UserError


def check_writable(path: Path) -> None:
    """Refuse a file that cannot be written, before hours are spent on its contents.

    Raises:
        UserError: with the reason.
    """
    if path.is_dir():
        raise UserError(f"{path} must be a file, got a folder: move it away")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        folder = path.parent
        raise UserError(f"the run's folder must be one that can be written, got {folder}: {error.strerror}") from error


def read_document(path: Path) -> dict[str, Any]:
    """A document of an evaluation; empty if it is missing, or not JSON, or not text."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Write JSON so that a kill in between leaves the old file; a number that is not finite is written as null."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(json.dumps(_finite(document), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    unfinished.replace(path)


def _finite(entry: Any) -> Any:
    if isinstance(entry, dict):
        return {name: _finite(value) for name, value in entry.items()}
    if isinstance(entry, list):
        return [_finite(value) for value in entry]
    return None if isinstance(entry, float) and not math.isfinite(entry) else entry
