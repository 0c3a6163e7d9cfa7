"""What a task is, and the network and the data that several share."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import jaxvae as jv
from jaxvae.operations import count_operations
from jaxvae.typing import Shape

LIMIT = "matrix products alone"
PLAIN_LIMIT = "matrix products alone, compiled plainly"  # without our options for XLA
WIDTHS, LATENT_DIM, NUM_PIXELS = (200, 200), 50, 784
EPOCH = 60_000  # examples that the seconds of training are stated for
BATCH = 100

Contenders = dict[str, Callable[[], Any]]


class Work(NamedTuple):
    """What one run of a task computes and moves."""

    operations: float
    num_bytes: float | None
    """Read and written, where it is known."""
    dtype: Any
    """Of its matrix products."""


def work_of_steps(step: jax.stages.Traced, steps: int, dtype: Any = jnp.float32) -> Work:
    """Operations of one step as it was traced, which every device counts alike; bytes as XLA says them after fusion.

    What is called from a library is not counted after compilation, and not every device counts bytes.
    """
    compiled: dict[str, float] = step.lower().compile().cost_analysis() or {}  # pyright: ignore[reportAssignmentType]
    moved = compiled.get("bytes accessed")
    return Work(steps * count_operations(step.jaxpr), None if moved is None else steps * moved, dtype)


class Task(NamedTuple):
    """What is timed: contenders that do the same work. Ratios are to the first of them."""

    title: str
    contenders: Contenders
    scale: float
    """What the seconds are multiplied by, to be those of the task in full."""
    compiles: bool = True
    """Whether a first run that is not timed compiles what the others use."""
    memory: bool = False
    """Whether the largest memory of the process while a contender runs is to be shown, on Linux."""
    work: Callable[[], Work] | None = None
    """Of one run; asked for where shares of a device's limits are shown."""


def grey_images(count: int, shape: Shape = (28, 28, 1)) -> np.ndarray:
    """As many examples as asked for, by default of MNIST's size, uint8, mostly dark."""
    return (np.random.default_rng(0).random((count, *shape)) ** 4 * 255).astype(np.uint8)


def dense_vae() -> jv.VAE:
    """784-200-200-50 with tanh, as in the IWAE paper."""
    hidden = jv.networks.MLP(WIDTHS, "tanh")
    return jv.VAE((28, 28, 1), LATENT_DIM, encoder=hidden, decoder=hidden)


def layer_sizes() -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Inputs and outputs of each layer of its encoder and of its decoder."""
    encoder = [NUM_PIXELS, *WIDTHS, 2 * LATENT_DIM]
    decoder = [LATENT_DIM, *reversed(WIDTHS), NUM_PIXELS]
    return list(itertools.pairwise(encoder)), list(itertools.pairwise(decoder))
