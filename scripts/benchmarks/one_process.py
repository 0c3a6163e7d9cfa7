"""In one process, run train.py with two words of flags, for seeds 0, 1, …, into the folders named after them."""

import runpy
import sys
from pathlib import Path
from unittest.mock import patch

TRAIN = str(Path(__file__).resolve().parents[2] / "experiments" / "train.py")

if __name__ == "__main__":
    flags, folders = sys.argv[1:3], sys.argv[3:]
    for seed, folder in enumerate(folders):
        with patch.object(sys, "argv", [TRAIN, "--seed", str(seed), *flags, "--run_dir", folder]):
            try:
                runpy.run_path(TRAIN, run_name="__main__")
            except SystemExit as stopped:
                if stopped.code:
                    raise
