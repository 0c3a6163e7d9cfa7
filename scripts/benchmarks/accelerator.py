"""What a GPU or TPU is asked to do, each with its share of the measured peak of products and of memory bandwidth."""

import time
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import jaxvae as jv
from benchmarks.peers import torch_contenders
from benchmarks.task import BATCH, EPOCH, Contenders, Task, dense_vae, grey_images, work_of_steps
from jaxvae.data import Preprocessing
from jaxvae.hardware import compiled
from jaxvae.networks import Bfloat16
from jaxvae.training import Training, create_state, train_epoch, train_step
from jaxvae.training.epoch import Batch

COPIED = 2**30  # bytes read and written by one copy: more than any cache
SIDE = 8192  # of a square matrix: large enough for a peak
LONG_ENOUGH = 0.3  # seconds of a measurement, so that a launch weighs nothing
_PREPROCESSING = Preprocessing(maximum=255, binarize="dynamic")


def single(num_examples: int) -> Task:
    """An epoch of the ELBO with 784-200-200-50."""
    training = Training(dense_vae(), _PREPROCESSING, batch_size=BATCH)
    return _task("ELBO, 784-200-200-50", training, num_examples, draws=1)


def importance_weighted(num_examples: int) -> Task:
    """An epoch of IWAE(50) with 784-200-200-50."""
    training = Training(dense_vae(), _PREPROCESSING, objective=jv.objectives.IWAE(num_samples=50), batch_size=BATCH)
    return _task("IWAE(50), 784-200-200-50", training, num_examples, draws=50)


def sweep(num_examples: int, members: int = 64) -> Task:
    """An epoch of 64 models side by side."""
    training = Training(dense_vae(), _PREPROCESSING, batch_size=BATCH)
    return _task(f"{members} models at once, ELBO, 784-200-200-50", training, num_examples, members)


def residual(num_examples: int, channels: tuple[int, ...] = (64, 128), batch_size: int = 500) -> Task:
    """An epoch of a residual convolutional network in bfloat16."""
    network = Bfloat16(jv.networks.ResNet(channels, blocks=2))
    model = jv.VAE((28, 28, 1), 64, encoder=network, decoder=network)
    training = Training(model, _PREPROCESSING, batch_size=batch_size)
    name = f"ELBO, ResNet of {' and '.join(map(str, channels))} channels in bfloat16"
    return _task(name, training, num_examples, dtype=jnp.bfloat16)


def _task(
    name: str,
    training: Training,
    num_examples: int,
    members: int | None = None,
    dtype: Any = jnp.float32,
    draws: int | None = None,
) -> Task:
    """The epoch with what it computes and moves, beside PyTorch where `draws` says which of its losses is the same."""
    steps = max(num_examples // training.batch_size, 1)
    raw = grey_images(steps * training.batch_size)
    images = jnp.asarray(raw)
    create = partial(create_state, examples=None, num_examples=len(images))
    batch = Batch(jnp.arange(training.batch_size), jnp.ones(training.batch_size, bool))
    if members is None:
        state, epoch, step = jax.jit(create)(training, jax.random.key(0)), train_epoch, train_step
    else:
        state = jax.jit(jax.vmap(create, (None, 0)))(training, jax.random.split(jax.random.key(0), members))
        epoch = jax.vmap(train_epoch, (None, 0, None))
        step = jax.vmap(train_step, (None, 0, None, None))
    program = compiled(jax.jit(epoch), training, state, images)
    traced = jax.jit(step).trace(training, state, images[: training.batch_size], batch)
    contenders: Contenders = {"jaxvae": lambda: jax.block_until_ready(program(training, state, images))}
    contenders |= torch_contenders(raw, draws) if draws is not None else {}
    title = f"{name}, an epoch of {EPOCH:,} images"
    return Task(title, contenders, EPOCH / len(images), work=partial(work_of_steps, traced, steps, dtype))


class Limits(NamedTuple):
    """What a device does in a second at its best, as measured."""

    operations: float
    num_bytes: float


@cache
def limits(dtype: Any, side: int = SIDE, copied: int = COPIED) -> Limits:
    """Of products of large square matrices at the precision that is set, and of copies of a large array.

    Args:
        dtype: of the matrices.
        side: of a matrix.
        copied: bytes read and written by one copy.
    """
    matrix = jax.random.normal(jax.random.key(0), (side, side), dtype) / side**0.5
    array = jnp.zeros(copied // 8)

    @jax.jit
    def products(count: jax.Array) -> jax.Array:
        return jax.lax.fori_loop(0, count, lambda _, product: (product @ matrix).astype(dtype), matrix)

    @jax.jit
    def copies(count: jax.Array) -> jax.Array:
        return jax.lax.fori_loop(0, count, lambda _, copy: copy + 1.0, array)

    return Limits(2.0 * side**3 / _seconds_of_one(products), copied / _seconds_of_one(copies))


def _seconds_of_one(repeat: Callable[[jax.Array], jax.Array]) -> float:
    """Of one of many in a row, as many as take long enough."""
    count, seconds = 1, 0.0
    jax.block_until_ready(repeat(jnp.asarray(count)))  # compiles
    while seconds < LONG_ENOUGH:
        count *= 2
        start = time.perf_counter()
        jax.block_until_ready(repeat(jnp.asarray(count)))
        seconds = time.perf_counter() - start
    return seconds / count


def shares(task: Task, seconds: float, *sizes: int) -> dict[str, float]:
    """Operations, and shares of what the device does at its best in as many seconds, which are of the task in full.

    Args:
        task: that says its work.
        seconds: as measured.
        sizes: of what the limits are measured with, where they are not those of a GPU.
    """
    assert task.work is not None
    work = task.work()
    best, in_a_run = limits(work.dtype, *sizes), seconds / task.scale
    found = {
        "operations": work.operations * task.scale,
        "share_of_peak": work.operations / in_a_run / best.operations,
    }
    if work.num_bytes is not None:
        found["share_of_bandwidth"] = work.num_bytes / in_a_run / best.num_bytes
    return found


TASKS: dict[str, Callable[[int], Task]] = {
    "gpu_elbo": single,
    "gpu_iwae": importance_weighted,
    "gpu_sweep": sweep,
    "gpu_resnet": residual,
}
