"""The folder of a run: made late, never overwritten by accident."""

import fnmatch
import itertools
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jax
from jax.experimental import multihost_utils

from jaxvae.errors import UserError
from jaxvae.invoked import invoked
from jaxvae.model import Model
from jaxvae.objectives import Objective, WithoutDensity, check_prior_stays
from jaxvae.runs.components import choices
from jaxvae.runs.data import DATA
from jaxvae.runs.devices import is_first

CONFIG, EVALUATION, PROFILE = "config.yaml", "evaluation.json", "profile"
HEADER = "# repeat this run: jaxvae train --config config.yaml\n"  # and the mark by which a run is recognised
CodeDensity = Literal["normal", "mixture", "flow", "prior"]
_OURS = (
    *(CONFIG, DATA, "evaluation*.json", "metrics.jsonl", "events.out.tfevents*", "checkpoints", PROFILE),
    *("samples.png", "reconstructions.png"),
)


@dataclass(frozen=True)
class RunFlags:
    """The run and its folder.

    Args:
        seed: seed of everything random in the run, including its parameters.
        num_samples: importance samples an example for the final log p(x) [samples]; by default 100 to 5,000, chosen so
            that they cost less than the training; 0 leaves it out.
        code_density: for an objective without a density (Autoencoder, WAE, RAE, …), the density of samples.png: a
            `normal`, a `mixture` of 10 normals or a `flow`, fitted to codes of training examples, or the `prior`; by
            default a `normal`.
        run_dir: folder to write; by default runs/<data>-<number>, with the next free number.
        overwrite: replace the run in `run_dir`.
        resume: continue the run in `run_dir` from its last checkpoint.
        init_from: folder of another run; its best parameters are used if their names and shapes agree.
        profile: record the second epoch of this training in `run_dir`/profile, for TensorBoard or Perfetto.
    """

    seed: int = 0
    num_samples: int | None = None
    code_density: CodeDensity | None = None
    run_dir: str | None = None
    overwrite: bool = False
    resume: bool = False
    init_from: str | None = None
    profile: bool = False

    def __post_init__(self) -> None:
        if self.num_samples is not None and self.num_samples < 0:
            raise UserError(f"--num_samples must be >= 0, got {self.num_samples}")
        if not 0 <= self.seed < 2**32:
            raise UserError(f"--seed must lie between 0 and 2**32 - 1, got {self.seed}")
        if self.overwrite and self.resume:
            raise UserError("--overwrite starts again and --resume continues, got both: leave one out")
        if self.overwrite and self.run_dir is not None and self.run_dir == self.init_from:
            raise UserError(
                f"--overwrite would delete {self.init_from}, which --init_from names: take another --run_dir"
            )


def check_code_density(flags: RunFlags, objective: Objective, model: Model) -> None:
    """Refuse `--code_density` if samples come from a trained prior, and `prior` if no prior was trained.

    Raises:
        UserError: naming the objectives that need it, or the priors that are not learned.
    """
    if flags.code_density == "prior" and isinstance(objective, WithoutDensity):
        check_prior_stays(objective, model)
    if flags.code_density is not None and not isinstance(objective, WithoutDensity):
        names = [name for name, cls in choices(Objective).items() if issubclass(cls, WithoutDensity)]
        raise UserError(
            f"--code_density is for objectives without a density ({', '.join(sorted(names))}), got "
            f"{type(objective).__name__}, whose samples are drawn from its prior: leave it out"
        )


def choose_run_directory(flags: RunFlags, data: str) -> Path:
    """The folder of the run, checked before any work is done; nothing is written yet.

    Raises:
        UserError: if it exists and neither `--overwrite` nor `--resume` was given, if there is nothing to resume, or if
            `--overwrite` would delete something that is not a run.
    """
    if jax.process_count() > 1 and flags.run_dir is None:
        raise UserError("several processes write one run: add --run_dir, a folder that all of them see")
    if flags.run_dir is not None and not is_first():
        return Path(flags.run_dir)
    if flags.run_dir is None:
        if flags.resume or flags.overwrite:
            raise UserError("--resume and --overwrite need the run's folder: add --run_dir runs/…")
        stem = Path(data).resolve().stem
        return next(path for n in itertools.count(1) if not (path := Path("runs") / f"{stem}-{n}").exists())
    path = Path(flags.run_dir)
    exists = path.exists() and not (path.is_dir() and not any(path.iterdir()))
    if flags.resume and not (path / CONFIG).is_file():
        raise UserError(
            f"--resume needs the folder of a run, got {path}, which is not one: leave out --resume to start one"
        )
    if exists and not flags.resume and not is_run(path):
        raise UserError(
            f"--run_dir must be new, empty or a run's folder, got {path}, which holds something else: take another"
        )
    if exists and not (flags.overwrite or flags.resume):
        raise UserError(
            f"{path} holds a run already: add --resume to go on, --overwrite to start again, or take another --run_dir"
        )
    return path


def is_run(path: Path) -> bool:
    """Whether a folder holds a run and nothing else, so that it may be replaced."""
    config = path / CONFIG
    if not config.is_file() or not config.read_bytes().startswith(HEADER.encode()):
        return False
    return all(any(fnmatch.fnmatch(entry.name, one) for one in _OURS) for entry in path.iterdir())


def open_run_directory(path: Path, config: str, data: dict[str, Any], flags: RunFlags) -> Path:
    """Make the folder, write its configuration and data; only `--overwrite` removes earlier contents.

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
            raise UserError(f"{path} was taken by another run meanwhile: take another --run_dir")
        (path / CONFIG).write_text(config, encoding="utf-8")
        (path / DATA).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"--run_dir must be a folder that can be written, got {path}: {error.strerror}") from error
    return path


def _claim(path: Path) -> bool:
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True


def config_of(run_dir: Path) -> Path:
    """The configuration file of a run.

    Raises:
        UserError: if the folder is not a run.
    """
    if not (run_dir / CONFIG).is_file():
        known = sorted(str(path.parent) for path in Path("runs").glob(f"*/{CONFIG}"))[:5]
        hint = f"; runs here: {', '.join(known)}" if known else f"; make one with {invoked('train')}"
        what = f"a folder without {CONFIG}" if run_dir.is_dir() else "no folder"
        raise UserError(f"the folder of a run is expected, got {run_dir} ({what}){hint}")
    return run_dir / CONFIG
