"""Our commands as a user starts them: from a cold start, and many trainings three ways."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.task import Task
from jaxvae.hardware import available_cores

SCRIPTS = Path(__file__).resolve().parents[1]
TRAIN, SWEEP = (str(SCRIPTS.parent / "experiments" / name) for name in ("train.py", "sweep.py"))
ONE_PROCESS = str(SCRIPTS / "benchmarks" / "one_process.py")
MEMBERS = 16
DRAWS = ["--num_samples", "500"]  # of log p(x), the same for all


def cold_start(num_examples: int) -> Task:
    """New processes without a compilation cache: importing JAX, the help, and the main command."""
    del num_examples
    contenders = {
        "import jax, alone": partial(_run, ["-c", "import jax; jax.numpy.zeros(1)"]),
        "train.py --help": partial(_run, [TRAIN, "--help"]),
        "train.py": partial(_in_new_directory, lambda runs: _run([TRAIN, "--run_dir", f"{runs}/run"])),
    }
    return Task("the main command from a cold start, without a compilation cache", contenders, 1.0, compiles=False)


def many_models(num_examples: int) -> Task:
    """The main command for 16 seeds: one program, one process each (as many at once as cores), one process in all."""
    del num_examples
    seeds = range(MEMBERS)
    contenders = {
        f"sweep.py --seeds {MEMBERS}": partial(
            _in_new_directory, lambda runs: _run([SWEEP, "--seeds", str(MEMBERS), *DRAWS, "--run_dir", f"{runs}/sweep"])
        ),
        f"{MEMBERS} processes of train.py, {available_cores()} at once": partial(_in_new_directory, _processes),
        f"{MEMBERS} runs of train.py in one process": partial(
            _in_new_directory, lambda runs: _run([ONE_PROCESS, *DRAWS, *(f"{runs}/{seed}" for seed in seeds)])
        ),
    }
    title = f"{MEMBERS} models of the main command (digits), from start to log p(x); train.py also writes pictures"
    return Task(title, contenders, 1.0, compiles=False)


def _processes(runs: str) -> None:
    seeds = range(MEMBERS)
    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(lambda seed: _run([TRAIN, "--seed", str(seed), *DRAWS, "--run_dir", f"{runs}/{seed}"]), seeds))


def _run(arguments: Sequence[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")


def _in_new_directory(work: Callable[[str], None]) -> None:
    with tempfile.TemporaryDirectory() as runs:
        work(runs)
