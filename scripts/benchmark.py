"""How near our programs come to the hardware's limit: contenders side by side, in alternating rounds.

python scripts/benchmark.py                                   # the tasks beside a limit
python scripts/benchmark.py log_marginal --examples 10000     # the task as it is quoted, in full
python scripts/benchmark.py mlp_epoch iwae_epoch              # an epoch of training, beside PyTorch, pythae, numpyro
python scripts/benchmark.py convolution                       # a convolutional network: in a loop and step by step
python scripts/benchmark.py draws biases --examples 25        # pieces of a step beside plain JAX and Flax
python scripts/benchmark.py cold_start many_models             # our commands, and 16 models three ways
python scripts/benchmark.py streaming --examples 25600            # 11 GB of files beside what is timed in memory
python scripts/benchmark.py streaming_colour --examples 1280      # 10 GB of larger images
python scripts/benchmark.py --gpu --examples 60000            # the tasks of a GPU, with shares of its peak
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import jax
from benchmarks import accelerator
from benchmarks.commands import cold_start, many_models
from benchmarks.convolution import convolution
from benchmarks.log_marginal import log_marginal
from benchmarks.pieces import biases, draws
from benchmarks.streaming import streaming
from benchmarks.task import Task
from benchmarks.training import training
from rich.console import Console
from rich.progress import track
from rich.table import Table

from jaxvae.hardware import describe_hardware

TASKS: dict[str, Callable[[int], Task]] = {
    "log_marginal": log_marginal,
    "mlp_epoch": partial(training, None),
    "iwae_epoch": partial(training, 50),
    "convolution": convolution,
    "draws": draws,
    "biases": biases,
    "cold_start": cold_start,
    "many_models": many_models,
    "streaming": partial(streaming, (28, 28, 1), (1, 10)),
    "streaming_colour": partial(streaming, (64, 64, 3), (10,)),
}
DEFAULT = ("log_marginal", "mlp_epoch", "iwae_epoch", "convolution")  # the others take minutes, or 11 GB of disk
_SELF = Path("/proc/self")  # of Linux
_PACKAGES = ("jaxvae", "jax", "torch", "pythae", "numpyro")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _forget_peak() -> None:
    """Let Linux count the largest memory of this process again."""
    (_SELF / "clear_refs").write_text("5")


def _peak_megabytes() -> float:
    """The largest memory of this process since then [MB]."""
    lines = dict(line.split(":", 1) for line in (_SELF / "status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024 / 1e6


def measure(task: Task, rounds: int, console: Console) -> dict[str, dict[str, Any]]:
    """Seconds of each contender, median over rounds in which they take turns, and the ratio to the first by round."""
    first = next(iter(task.contenders))
    if task.compiles:
        for run in task.contenders.values():
            run()
    seconds: dict[str, list[float]] = {name: [] for name in task.contenders}
    peaks = dict.fromkeys(task.contenders, 0.0)
    for _ in track(range(rounds), "rounds", console=console):
        for name, run in task.contenders.items():
            if task.memory:
                _forget_peak()
            start = time.perf_counter()
            run()
            seconds[name].append((time.perf_counter() - start) * task.scale)
            if task.memory:
                peaks[name] = max(peaks[name], _peak_megabytes())
    return {
        name: {
            "seconds": statistics.median(values),
            "of_each_round": values,
            "over_first": statistics.median(
                [value / other for value, other in zip(values, seconds[first], strict=True)]
            ),
        }
        | ({"peak_megabytes": peaks[name]} if task.memory else {})
        for name, values in seconds.items()
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", help=f"of {', '.join(TASKS)}; by default {', '.join(DEFAULT)}")
    parser.add_argument("--gpu", action="store_true", help=f"the tasks {', '.join(accelerator.TASKS)} instead")
    parser.add_argument("--rounds", type=int, default=5, help="in which the contenders take turns")
    parser.add_argument(
        "--examples", type=int, default=500, help="images timed; seconds are scaled to those of the task in full"
    )
    parser.add_argument("--output", type=Path, default=Path("benchmark.json"), help="the JSON file")
    flags = parser.parse_args()
    tasks = accelerator.TASKS if flags.gpu else TASKS
    for name in flags.tasks:
        if name not in tasks:
            parser.error(f"tasks must be of {', '.join(tasks)}, got {name!r}")
    if flags.gpu and jax.default_backend() == "cpu":
        parser.error("--gpu needs a GPU or a TPU that JAX sees, got a CPU only: install jax[cuda13], or leave it out")
    for name, value in {"rounds": flags.rounds, "examples": flags.examples}.items():
        if value < 1:
            parser.error(f"--{name} must be >= 1, got {value}")
    if not flags.output.resolve().parent.is_dir():
        parser.error(f"--output must be a file in a folder that exists, got {flags.output}")
    console, document = Console(), {}
    for name in flags.tasks or (tasks if flags.gpu else DEFAULT):
        task = tasks[name](flags.examples)
        results = measure(task, flags.rounds, console)
        document[name] = {"title": task.title, "examples_timed": flags.examples, "contenders": results}
        if flags.gpu:
            document[name] |= (found := accelerator.shares(task, results["jaxvae"]["seconds"]))
            shares = {key.removeprefix("share_of_"): value for key, value in found.items() if key != "operations"}
            console.print(", ".join(f"{share:.0%} of {limit}" for limit, share in shares.items()))
        table = Table(title=task.title, title_justify="left")
        for heading in ("", "seconds", "over the first", *(["memory at most [MB]"] if task.memory else [])):
            table.add_column(heading, justify="right" if heading else "left")
        for contender, result in results.items():
            cells = [f"{result['seconds']:.3g}", f"{result['over_first']:.2f}"]
            table.add_row(contender, *cells, *([f"{result['peak_megabytes']:,.0f}"] if task.memory else []))
        console.print(table)
    context = {
        "hardware": describe_hardware(),
        "code": {name: found for name in _PACKAGES if (found := _version(name)) is not None},
        "rounds": flags.rounds,
        "seconds": "median over rounds, for the task in full",
    }
    flags.output.write_text(json.dumps({**context, "tasks": document}, indent=2) + "\n")


if __name__ == "__main__":
    main()
