"""The folder of a sweep and the files in it."""

import csv
import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jaxvae.data import content_hash
from jaxvae.errors import UserError
from jaxvae.evaluation.provenance import provenance
from jaxvae.runs.sweep_flags import SweepFlags
from jaxvae.runs.sweep_jobs import Job
from jaxvae.runs.sweep_rows import Row

CSV, SUMMARY, CONTEXT, CURVE = "sweep.csv", "summary.csv", "sweep.json", "rate_distortion.png"


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV, so that a kill in between leaves the old file."""
    columns = list(dict.fromkeys(itertools.chain(*rows)))
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    unfinished.replace(path)


def sweep_directory(flags: SweepFlags) -> Path:
    """The folder of a sweep, made empty.

    Raises:
        UserError: if it holds something, and `overwrite` is missing or it is not a sweep.
    """
    if flags.run_dir is None:
        if flags.overwrite:
            raise UserError("`overwrite=True` needs the sweep's folder: add `run_dir`")
        path = next(path for n in itertools.count(1) if not (path := Path("runs") / f"sweep-{n}").exists())
    else:
        path = Path(flags.run_dir)
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            ours = path.is_dir() and {entry.name for entry in path.iterdir()} <= {CSV, SUMMARY, CONTEXT, CURVE}
            if not ours:
                raise UserError(f"`run_dir` must be new, empty or a sweep's folder, got {path}: take another")
            if not flags.overwrite:
                raise UserError(f"{path} holds a sweep already: add `overwrite=True` to replace it, or take another")
            shutil.rmtree(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"`run_dir` must be a folder that can be written, got {path}: {error.strerror}") from error
    return path


def context(command: str, flags: SweepFlags, job: Job) -> dict[str, Any]:
    """The data and the code of the figures, for `sweep.json`."""
    preprocessing, dataset = job.setup.training.preprocessing, job.setup.dataset
    x = preprocessing.examples(dataset.test, "test")
    split = "test" if job.fold is None else f"fold {job.fold} of {flags.folds} of train and validation"
    return provenance(
        x,
        command=command,
        data=dataset.name,
        split=split,
        binarize=preprocessing.binarize,
        num_samples=flags.num_samples,
        checkpoint="best",
        train_set_sha256=content_hash(dataset.train.training_examples()),
    )
