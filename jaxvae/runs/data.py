"""`data.json`: the training data of a run, so that other data are not taken for them."""

import json
from pathlib import Path
from typing import Any

from jaxvae.data import Dataset
from jaxvae.data.fingerprint import fingerprints
from jaxvae.errors import UserError

DATA = "data.json"


def describe_data(dataset: Dataset) -> dict[str, Any]:
    """The entries of `data.json`: name, number and shape of the examples, and SHA-256 of each split."""
    sizes = {name: len(split) for name, split in dataset.splits.items()}
    return {"data": dataset.name, "shape": dataset.data_shape, "examples": sizes, "sha256": fingerprints(dataset)}


def changed_splits(run_dir: Path, data: dict[str, Any]) -> list[str]:
    """The splits whose examples differ from those of the run, by the description of the loaded data.

    Raises:
        UserError: if examples have another shape, so that the model cannot read them, or `data.json` is damaged.
    """
    path = run_dir / DATA
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        shape, hashes = tuple(known["shape"]), known["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} must say which data the run was trained on, got {error!r}: restore it") from error
    if shape != data["shape"]:
        raise UserError(
            f"the model of {run_dir} reads examples of shape {shape}, got {data['data']} with examples of shape "
            f"{data['shape']}: give `data` of that shape"
        )
    return [name for name, value in data["sha256"].items() if hashes.get(name) != value]


def check_same_data(run_dir: Path, data: dict[str, Any], fix: str) -> None:
    """Check that the data are the training data of the run.

    Args:
        run_dir: folder of the run.
        data: the description of the loaded data.
        fix: the end of the message.

    Raises:
        UserError: naming the splits that are not, or as `changed_splits`.
    """
    if changed := changed_splits(run_dir, data):
        raise UserError(
            f"{run_dir} was trained on other data than {data['data']} holds now (other {', '.join(changed)} "
            f"examples): {fix}"
        )
