"""How near our programs come to the hardware's limit: contenders side by side, in alternating rounds.

python scripts/benchmark.py                                   # every task
python scripts/benchmark.py log_marginal --examples 10000     # the task as it is quoted, in full
python scripts/benchmark.py mlp_epoch iwae_epoch              # an epoch of training, beside PyTorch
"""

import argparse
import itertools
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial
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
from jaxvae.data import Preprocessing
from jaxvae.evaluation import importance_estimate, in_batches
from jaxvae.evaluation.evaluate import DRAWS_AT_ONCE
from jaxvae.evaluation.likelihood import CHUNK
from jaxvae.training import Training, create_state, train_epoch

LIMIT = "matrix products alone"
WIDTHS, LATENT_DIM, NUM_PIXELS, NUM_SAMPLES = (200, 200), 50, 784, 5000
QUOTED, EPOCH = 10_000, 60_000  # examples that the seconds of log p(x), and of training, are stated for
BATCH = 100


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


def training(num_samples: int | None, num_examples: int) -> Task:
    """An epoch of 60,000 images of dynamic MNIST's size with Adam: the ELBO, or IWAE of so many samples."""
    num_examples = max(num_examples // BATCH, 1) * BATCH
    rng = np.random.default_rng(0)
    images = (rng.random((num_examples, 28, 28, 1)) ** 4 * 255).astype(np.uint8)
    hidden = jv.networks.MLP(WIDTHS, "tanh")
    vae = jv.VAE((28, 28, 1), LATENT_DIM, encoder=hidden, decoder=hidden)
    objective = jv.objectives.ELBO() if num_samples is None else jv.objectives.IWAE(num_samples=num_samples)
    described = Training(vae, Preprocessing(maximum=255, binarize="dynamic"), objective=objective, batch_size=BATCH)
    state, raw = create_state(described, jax.random.key(0), None, num_examples), jnp.asarray(images)
    epoch = jax.jit(train_epoch).lower(described, state, raw).compile()
    steps, draws = num_examples // BATCH, num_samples or 1
    contenders: dict[str, Callable[[], Any]] = {
        LIMIT: partial(_products_of_training, steps, draws),
        "jaxvae": lambda: jax.block_until_ready(epoch(described, state, raw)),
    }
    contenders |= _torch_contenders(images, draws)
    title = f"{'ELBO' if num_samples is None else f'IWAE({num_samples})'}, an epoch of {EPOCH:,} images, 784-200-200-50"
    return Task(title, contenders, EPOCH / num_examples)


def _products_of_training(steps: int, draws: int) -> Any:
    return jax.block_until_ready(_products(steps, draws))


@partial(jax.jit, static_argnums=(0, 1))
def _products(steps: int, draws: int) -> jax.Array:
    """The matrix products of so many steps, forward, for the inputs and for the weights, one after the other."""
    keys = iter(jax.random.split(jax.random.key(0), 8))
    encoder = [
        jax.random.normal(next(keys), pair) for pair in itertools.pairwise([NUM_PIXELS, *WIDTHS, 2 * LATENT_DIM])
    ]
    decoder = [jax.random.normal(next(keys), pair) for pair in itertools.pairwise([LATENT_DIM, *WIDTHS, NUM_PIXELS])]

    def pass_through(values: jax.Array, weights: list[jax.Array], with_input: bool) -> tuple[jax.Array, jax.Array]:
        """The output, and a number that all products of the backward pass have a part in."""
        layers = []
        for matrix in weights:
            layers.append(values)
            values = values @ matrix
        output, total = values, jnp.zeros(())
        for index in reversed(range(len(weights))):
            total += (layers[index].T @ values)[0, 0]
            if index or with_input:
                values = values @ weights[index].T
        return output, total + values[0, 0]

    def step(total: jax.Array, _: None) -> tuple[jax.Array, None]:
        x = jnp.full((BATCH, NUM_PIXELS), 1e-3) + total  # each step depends on the last, so that none is left out
        code, backward = pass_through(x, encoder, with_input=False)
        z = jnp.broadcast_to(code[:, None, :LATENT_DIM], (BATCH, draws, LATENT_DIM)).reshape(-1, LATENT_DIM)
        output, more = pass_through(z, decoder, with_input=True)
        return 1e-30 * (output[0, 0] + backward + more), None

    return jax.lax.scan(step, jnp.zeros(()), length=steps)[0]


def _torch_contenders(images: np.ndarray, draws: int) -> dict[str, Callable[[], Any]]:
    """The same epoch in PyTorch, step by step and compiled; none where PyTorch is not installed."""
    try:
        import torch
        from torch import nn
    except ImportError:
        return {}

    def layers(*sizes: int) -> nn.Sequential:
        modules: list[nn.Module] = []
        for first, second in itertools.pairwise(sizes):
            modules += [nn.Linear(first, second), nn.Tanh()]
        return nn.Sequential(*modules[:-1])

    grey = torch.tensor(images.reshape(len(images), -1)).float() / 255

    def contender(compiled: bool) -> Callable[[], Any]:
        encoder = layers(NUM_PIXELS, *WIDTHS, 2 * LATENT_DIM)
        decoder = layers(LATENT_DIM, *WIDTHS, NUM_PIXELS)
        optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 1e-3)

        def loss(x: Any) -> Any:
            loc, log_scale = encoder(x).chunk(2, dim=-1)
            noise = torch.randn(draws, *loc.shape)
            z = loc + log_scale.exp() * noise
            logits = decoder(z)
            pixels = nn.functional.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(
                -1
            )
            if draws == 1:
                kl = 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
                return (pixels[0] + kl.sum(-1)).mean()
            log_ratio = (0.5 * noise**2 + log_scale - 0.5 * z**2).sum(-1)
            return -torch.logsumexp(log_ratio - pixels, 0).mean()

        function = torch.compile(loss) if compiled else loss

        def epoch() -> None:
            for index in torch.randperm(len(grey)).split(BATCH):
                optimizer.zero_grad(set_to_none=True)
                function(torch.bernoulli(grey[index])).backward()
                optimizer.step()

        return epoch

    return {"PyTorch": contender(compiled=False), "PyTorch, torch.compile": contender(compiled=True)}


TASKS: dict[str, Callable[[int], Task]] = {
    "log_marginal": log_marginal,
    "mlp_epoch": partial(training, None),
    "iwae_epoch": partial(training, 50),
}


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
    parser.add_argument(
        "--examples", type=int, default=500, help="images timed; seconds are scaled to those of the task in full"
    )
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
            table.add_row(contender, f"{result['seconds']:.2f}", f"{result['over_limit']:.2f}")
        console.print(table)
    context = {
        "hardware": f"{jax.device_count()} {jax.devices()[0].device_kind}, {os.cpu_count()} {platform.machine()} cores",
        "code": {"jaxvae": version("jaxvae"), "jax": version("jax")},
        "rounds": flags.rounds,
        "seconds": "median over rounds, for the task in full",
    }
    flags.output.write_text(json.dumps({**context, "tasks": document}, indent=2) + "\n")


if __name__ == "__main__":
    main()
