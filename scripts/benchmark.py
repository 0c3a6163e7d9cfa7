"""How near our programs come to the hardware's limit: contenders side by side, in alternating rounds.

python scripts/benchmark.py                                   # every task
python scripts/benchmark.py log_marginal --examples 10000     # the task as it is quoted, in full
"""

import argparse
import itertools
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

import jaxvae as jv
from jaxvae.evaluation import importance_estimate, in_batches
from jaxvae.evaluation.evaluate import DRAWS_AT_ONCE
from jaxvae.evaluation.likelihood import CHUNK

LIMIT = "matrix products alone"
WIDTHS, LATENT_DIM, NUM_PIXELS, NUM_SAMPLES = (200, 200), 50, 784, 5000
QUOTED = 10_000  # examples that the seconds are stated for


class Task(NamedTuple):
    """What is timed: contenders that do the same work, the first of them the limit."""

    title: str
    contenders: dict[str, Callable[[], Any]]
    scale: float
    """What the seconds are multiplied by, to be those of the task in full."""


def log_marginal(num_examples: int) -> Task:
    """log p(x) by 5,000 samples with the network 784-200-200-50 (tanh), Bernoulli likelihood."""
    hidden = jv.networks.MLP(WIDTHS, "tanh")
    vae = jv.VAE((28, 28, 1), LATENT_DIM, encoder=hidden, decoder=hidden)
    params, rng = jax.jit(vae.init)(jax.random.key(0)), np.random.default_rng(0)
    x = jnp.asarray(rng.random((num_examples, 28, 28, 1)) < 0.2, jnp.float32)
    sizes = [LATENT_DIM, *reversed(WIDTHS), NUM_PIXELS]
    weights = [jnp.asarray(rng.normal(size=pair), jnp.float32) for pair in itertools.pairwise(sizes)]

    @jax.jit
    def products(z: jax.Array) -> jax.Array:
        """The decoder's matrix products for all draws of every example, one after the other, and nothing else."""

        def one(total: jax.Array, _: None) -> tuple[jax.Array, None]:
            values = z + total  # each depends on the last, so that none is left out
            for matrix in weights:
                values = values @ matrix
            return 1e-30 * values[0, 0], None

        return jax.lax.scan(one, jnp.zeros(()), length=num_examples)[0]

    def estimate(key: jax.Array, x: jax.Array) -> dict[str, jax.Array]:
        return importance_estimate(vae, params, key, x, NUM_SAMPLES)._asdict()

    batches = in_batches(estimate)  # as `evaluate` does it
    z = jnp.asarray(rng.normal(size=(NUM_SAMPLES, LATENT_DIM)), jnp.float32)
    contenders = {
        LIMIT: lambda: jax.block_until_ready(products(z)),
        "jaxvae": lambda: list(batches(jax.random.key(1), x, min(DRAWS_AT_ONCE // CHUNK, num_examples))),
    }
    title = f"log p(x), {QUOTED:,} images, {NUM_SAMPLES:,} samples each, 784-200-200-50"
    return Task(title, contenders, QUOTED / num_examples)


TASKS: dict[str, Callable[[int], Task]] = {"log_marginal": log_marginal}


def measure(task: Task, rounds: int, console: Console) -> dict[str, dict[str, Any]]:
    """Seconds of each contender, median over rounds in which they take turns, and the ratio to the limit by round."""
    for run in task.contenders.values():
        run()  # compiles
    seconds: dict[str, list[float]] = {name: [] for name in task.contenders}
    for _ in track(range(rounds), "rounds", console=console):
        for name, run in task.contenders.items():
            start = time.perf_counter()
            run()
            seconds[name].append((time.perf_counter() - start) * task.scale)
    return {
        name: {
            "seconds": statistics.median(values),
            "of_each_round": values,
            "over_limit": statistics.median(
                [value / limit for value, limit in zip(values, seconds[LIMIT], strict=True)]
            ),
        }
        for name, values in seconds.items()
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", help=f"of {', '.join(TASKS)}; by default all")
    parser.add_argument("--rounds", type=int, default=5, help="in which the contenders take turns")
    parser.add_argument("--examples", type=int, default=500, help="images timed; seconds are scaled to 10,000")
    parser.add_argument("--output", type=Path, default=Path("benchmark.json"), help="the JSON file")
    flags = parser.parse_args()
    for name in flags.tasks:
        if name not in TASKS:
            parser.error(f"tasks must be of {', '.join(TASKS)}, got {name!r}")
    for name, value in {"rounds": flags.rounds, "examples": flags.examples}.items():
        if value < 1:
            parser.error(f"--{name} must be >= 1, got {value}")
    if not flags.output.resolve().parent.is_dir():
        parser.error(f"--output must be a file in a folder that exists, got {flags.output}")
    console, document = Console(), {}
    for name in flags.tasks or TASKS:
        task = TASKS[name](flags.examples)
        results = measure(task, flags.rounds, console)
        document[name] = {"title": task.title, "examples_timed": flags.examples, "contenders": results}
        table = Table(title=task.title, title_justify="left")
        for heading in ("", "seconds", "over the limit"):
            table.add_column(heading, justify="right" if heading else "left")
        for contender, result in results.items():
            table.add_row(contender, f"{result['seconds']:.1f}", f"{result['over_limit']:.2f}")
        console.print(table)
    context = {
        "hardware": f"{jax.device_count()} {jax.devices()[0].device_kind}, {os.cpu_count()} {platform.machine()} cores",
        "code": {"jaxvae": version("jaxvae"), "jax": version("jax")},
        "rounds": flags.rounds,
        "seconds": f"median over rounds, for {QUOTED:,} examples",
    }
    flags.output.write_text(json.dumps({**context, "tasks": document}, indent=2) + "\n")


if __name__ == "__main__":
    main()
