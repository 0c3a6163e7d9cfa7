"""What a GPU or TPU is asked to do, each beside matrix products of as many floating-point operations."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

import jaxvae as jv
from benchmarks.task import BATCH, EPOCH, Task, dense_vae, grey_images
from jaxvae.data import Preprocessing
from jaxvae.hardware import compiled
from jaxvae.networks import Bfloat16
from jaxvae.training import Training, create_state, train_epoch, train_step
from jaxvae.training.epoch import Batch

PEAK = "matrix products of as many operations"
SIDE = 2048  # of a square matrix: large enough for a peak, small enough for a whole number of products
_PREPROCESSING = Preprocessing(maximum=255, binarize="dynamic")


def single(num_examples: int) -> Task:
    """An epoch of the ELBO with 784-200-200-50."""
    return _task("ELBO, 784-200-200-50", Training(dense_vae(), _PREPROCESSING, batch_size=BATCH), num_examples)


def importance_weighted(num_examples: int) -> Task:
    """An epoch of IWAE(50) with 784-200-200-50."""
    training = Training(dense_vae(), _PREPROCESSING, objective=jv.objectives.IWAE(num_samples=50), batch_size=BATCH)
    return _task("IWAE(50), 784-200-200-50", training, num_examples)


def sweep(num_examples: int, members: int = 64) -> Task:
    """An epoch of 64 models side by side."""
    training = Training(dense_vae(), _PREPROCESSING, batch_size=BATCH)
    return _task(f"{members} models at once, ELBO, 784-200-200-50", training, num_examples, members)


def residual(num_examples: int, channels: tuple[int, ...] = (64, 128), batch_size: int = 500) -> Task:
    """An epoch of a residual convolutional network in bfloat16."""
    network = Bfloat16(jv.networks.ResNet(channels, blocks=2))
    vae = jv.VAE((28, 28, 1), 64, encoder=network, decoder=network)
    training = Training(vae, _PREPROCESSING, batch_size=batch_size)
    name = f"ELBO, ResNet of {' and '.join(map(str, channels))} channels in bfloat16"
    return _task(name, training, num_examples, dtype=jnp.bfloat16)


def _task(
    name: str, training: Training, num_examples: int, members: int | None = None, dtype: Any = jnp.float32
) -> Task:
    steps = max(num_examples // training.batch_size, 1)
    images = jnp.asarray(grey_images(steps * training.batch_size))
    create = partial(create_state, examples=None, num_examples=len(images))
    batch = Batch(jnp.arange(training.batch_size), jnp.ones(training.batch_size, bool))
    if members is None:
        state, epoch, step = jax.jit(create)(training, jax.random.key(0)), train_epoch, train_step
    else:
        state = jax.jit(jax.vmap(create, (None, 0)))(training, jax.random.split(jax.random.key(0), members))
        epoch = jax.vmap(train_epoch, (None, 0, None))
        step = jax.vmap(train_step, (None, 0, None, None))
    program = compiled(jax.jit(epoch), training, state, images)
    operations = steps * _operations(step, training, state, images, batch)
    contenders = {
        PEAK: _products(operations, dtype),
        "jaxvae": lambda: jax.block_until_ready(program(training, state, images)),
    }
    title = f"{name}, an epoch of {EPOCH:,} images, {operations * EPOCH / len(images) / 1e12:.3g} · 10¹² operations"
    return Task(title, contenders, EPOCH / len(images))


def _operations(step: Callable[..., Any], *arguments: Any) -> float:
    """Floating-point operations of one step, as the compiler counts them."""
    analysis = jax.jit(step).lower(*arguments).compile().cost_analysis()
    return (analysis or {})["flops"]


def _products(operations: float, dtype: Any) -> Callable[[], Any]:
    """Products of square matrices, one after the other, rounded to a whole number of them."""
    count = max(round(operations / (2 * SIDE**3)), 1)
    matrix = jax.random.normal(jax.random.key(0), (SIDE, SIDE), dtype) / SIDE**0.5

    @jax.jit
    def run(matrix: jax.Array) -> jax.Array:
        return jax.lax.fori_loop(0, count, lambda _, product: (product @ matrix).astype(dtype), matrix)

    return lambda: jax.block_until_ready(run(matrix))


TASKS: dict[str, Callable[[int], Task]] = {
    "gpu_elbo": single,
    "gpu_iwae": importance_weighted,
    "gpu_sweep": sweep,
    "gpu_resnet": residual,
}
