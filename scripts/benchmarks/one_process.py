"""Run experiments/train.py for seeds 0, 1, … into the folders named on the command line, all in this process."""

import runpy
import sys
from pathlib import Path
from unittest.mock import patch

TRAIN = str(Path(__file__).resolve().parents[2] / "experiments" / "train.py")

if __name__ == "__main__":
    for seed, folder in enumerate(sys.argv[1:]):
        with patch.object(sys, "argv", [TRAIN, "--seed", str(seed), "--num_samples", "500", "--run_dir", folder]):
            try:
                runpy.run_path(TRAIN, run_name="__main__")
            except SystemExit as stopped:
                if stopped.code:
                    raise
