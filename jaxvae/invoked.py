"""How the user called this process, so that a hint names a command that works."""

import sys
from pathlib import Path

_SCRIPTS = {
    "train": "experiments/train.py",
    "evaluate": "experiments/evaluate.py",
    "sweep": "experiments/sweep.py",
    "prepare": "scripts/prepare_data.py",
}


def invoked(command: str) -> str:
    """The command as the user calls it: a script if this process is one of the scripts, else the installed command.

    Args:
        command: train, evaluate, sweep or prepare.

    >>> invoked("train")
    'jaxvae train'
    """
    if Path(sys.argv[0]).name in {Path(path).name for path in _SCRIPTS.values()}:
        return f"python {_SCRIPTS[command]}"
    return f"python -m jaxvae.commands {command}" if sys.argv[0].startswith("python -m") else f"jaxvae {command}"
