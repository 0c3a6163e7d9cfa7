"""The folder of a run: made late, never overwritten by accident."""

import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import jax
from jax.experimental import multihost_utils

from jaxvae.calls import is_call
from jaxvae.data.load import is_path
from jaxvae.errors import UserError
from jaxvae.runs.data import DATA
from jaxvae.runs.devices import is_first
from jaxvae.runs.folder import CONFIG, is_run
from jaxvae.runs.run_flags import RunFlags


def choose_run_directory(flags: RunFlags, data: str) -> Path:
    """The folder of the run, checked before any work is done; nothing is written yet.

    Raises:
        UserError: if it exists and neither `overwrite` nor `resume` was given, if there is nothing to resume, or if
            `overwrite` would delete something that is not a run.
    """
    if jax.process_count() > 1 and flags.run_dir is None:
        raise UserError("several processes write one run: add `run_dir`, a folder that all of them see")
    if flags.run_dir is not None and not is_first():
        return Path(flags.run_dir)
    if flags.run_dir is None:
        if flags.resume or flags.overwrite:
            raise UserError("`resume=True` and `overwrite=True` need the run's folder: add `run_dir`")
        stem = data.partition("(")[0] if is_call(data) and not is_path(data) else Path(data).resolve().stem
        return next(path for n in itertools.count(1) if not (path := Path("runs") / f"{stem}-{n}").exists())
    path = Path(flags.run_dir)
    exists = path.exists() and not (path.is_dir() and not any(path.iterdir()))
    if flags.resume and not (path / CONFIG).is_file():
        raise UserError(
            f"`resume=True` needs the folder of a run, got {path}, which is not one: leave it out to start one"
        )
    if exists and not flags.resume and not is_run(path):
        raise UserError(
            f"`run_dir` must be new, empty or a run's folder, got {path}, which holds something else: take another"
        )
    if exists and not (flags.overwrite or flags.resume):
        raise UserError(
            f"{path} holds a run already: add `resume=True` to go on, `overwrite=True` to start again, or take another "
            f"`run_dir`"
        )
    return path


def open_run_directory(path: Path, config: str, data: dict[str, Any], flags: RunFlags) -> Path:
    """Make the folder, write its configuration and data; only `overwrite` removes earlier contents.

    With several processes the first does it, and the others wait.

    Returns:
        The folder, under the next free number if another run has taken the default one meanwhile.

    Raises:
        UserError: if it cannot be written, or if another run has taken it meanwhile.
    """
    if is_first():
        path = _open(path, config, data, flags)
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(str(path))
    return path


def _open(path: Path, config: str, data: dict[str, Any], flags: RunFlags) -> Path:
    try:
        if flags.overwrite and path.exists():
            shutil.rmtree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if flags.run_dir is None:
            stem, number = path.name.rsplit("-", 1)
            while path.exists() or not _claim(path):
                number = int(number) + 1
                path = path.with_name(f"{stem}-{number}")
        elif not flags.resume and not (path.is_dir() and not any(path.iterdir())) and not _claim(path):
            raise UserError(f"{path} was taken by another run meanwhile: take another `run_dir`")
        (path / CONFIG).write_text(config, encoding="utf-8")
        (path / DATA).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"`run_dir` must be a folder that can be written, got {path}: {error.strerror}") from error
    return path


def _claim(path: Path) -> bool:
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True
