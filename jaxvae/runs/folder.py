"""The files of a run, and how its folder is told from others."""

import fnmatch
from pathlib import Path

from jaxvae.errors import UserError
from jaxvae.invoked import invoked
from jaxvae.runs.data import DATA

CONFIG, EVALUATION, PROFILE = "config.yaml", "evaluation.json", "profile"
HEADER = "# repeat this run: jaxvae train --config config.yaml\n"  # and the mark of a run
FROM_PYTHON = "# described in Python, not by flags:\n"  # the same of a run that no command line can repeat
_OURS = (
    *(CONFIG, DATA, "evaluation*.json", "metrics.jsonl", "events.out.tfevents*", "checkpoints", PROFILE),
    *("samples.png", "reconstructions.png"),
)


def is_run(path: Path) -> bool:
    """Whether a folder holds a run and nothing else, so that it may be replaced."""
    config = path / CONFIG
    if not config.is_file() or not config.read_bytes().startswith((HEADER.encode(), FROM_PYTHON.encode())):
        return False
    return all(any(fnmatch.fnmatch(entry.name, one) for one in _OURS) for entry in path.iterdir())


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
