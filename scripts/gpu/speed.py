"""The benchmark of a GPU as a block: each task with its shares of the measured limits, beside PyTorch."""

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmark import measure
from benchmarks import accelerator
from benchmarks.convolution import convolution
from benchmarks.log_marginal import log_marginal
from benchmarks.task import Task
from rich.console import Console

from gpu.block import Settings

ROUNDS = 3
_EXAMPLES = {"gpu_resnet": 10_000, "log_marginal": 2_000}  # of a task that takes long; the others take 60,000
_SMALL = 100  # examples of a rehearsal
_SMALL_LIMITS = (256, 2**20)  # its products and copies
_FOR_ONE = 60.0  # seconds that must be left for a task to begin
_LONGEST_REASON = 300  # characters of the error of a peer that failed

TASKS: dict[str, Callable[[int], Task]] = {
    **accelerator.TASKS,
    "convolution": convolution,
    "log_marginal": log_marginal,
}
_SMALLER: dict[str, Callable[[int], Task]] = {
    "gpu_sweep": partial(accelerator.sweep, members=2),
    "gpu_resnet": partial(accelerator.residual, channels=(4, 6), batch_size=50),
}


def speed(settings: Settings) -> dict[str, Any]:
    """Seconds of each contender of each task that fits in the block, and its shares of measured peaks.

    What was measured before the block was cut off, by its time or by an interrupt, stays.
    """
    end = time.perf_counter() + settings.seconds
    path = settings.state / "tasks.json"
    tasks: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    for name in TASKS:
        if name in tasks:
            continue
        if end - time.perf_counter() < _FOR_ONE and not settings.small:
            break
        try:
            tasks[name] = _measured(name, settings.small)
        except KeyboardInterrupt:  # the time is up
            break
        path.write_text(json.dumps(tasks) + "\n")
    return {"done": len(tasks) == len(TASKS), "tasks": tasks}


def _measured(name: str, small: bool) -> dict[str, Any]:
    count = _SMALL if small else _EXAMPLES.get(name, 60_000)
    task = (_SMALLER.get(name, TASKS[name]) if small else TASKS[name])(count)
    failed = {}
    for contender, run in list(task.contenders.items()):
        try:
            run()  # compiles; a peer that cannot, such as torch.compile without a compiler, is left out
        except Exception as error:
            if contender == "jaxvae":
                raise
            failed[contender] = " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST_REASON]
            del task.contenders[contender]
    results = measure(task._replace(compiles=False), 1 if small else ROUNDS, Console())
    print(name, {contender: f"{result['seconds']:.3g} s" for contender, result in results.items()}, failed, flush=True)
    found: dict[str, Any] = {"title": task.title, "examples_timed": count, "contenders": results}
    found |= accelerator.shares(task, results["jaxvae"]["seconds"], *_SMALL_LIMITS if small else ())
    return {**found, "failed": failed} if failed else found
