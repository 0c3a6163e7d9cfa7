"""An epoch of training of a dense network."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

import jaxvae as jv
from benchmarks.peers import numpyro_contender, pythae_contender, torch_contenders
from benchmarks.task import (
    BATCH,
    EPOCH,
    LATENT_DIM,
    LIMIT,
    NUM_PIXELS,
    PLAIN_LIMIT,
    Contenders,
    Task,
    dense_vae,
    grey_images,
    layer_sizes,
)
from jaxvae.data import Preprocessing
from jaxvae.hardware import compiled
from jaxvae.training import Training, create_state, train_epoch


def training(num_samples: int | None, num_examples: int) -> Task:
    """An epoch of 60,000 images of dynamic MNIST's size with Adam: the ELBO, or IWAE of so many samples."""
    num_examples = max(num_examples // BATCH, 1) * BATCH
    images, model = grey_images(num_examples), dense_vae()
    objective = jv.objectives.ELBO() if num_samples is None else jv.objectives.IWAE(num_samples=num_samples)
    described = Training(model, Preprocessing(maximum=255, binarize="dynamic"), objective=objective, batch_size=BATCH)
    state, raw = create_state(described, jax.random.key(0), None, num_examples), jnp.asarray(images)
    epoch = compiled(jax.jit(train_epoch), described, state, raw)
    plain = jax.jit(train_epoch).lower(described, state, raw).compile()
    steps, draws = num_examples // BATCH, num_samples or 1
    contenders: Contenders = {
        LIMIT: _ready(compiled(_products, steps, draws)),
        PLAIN_LIMIT: _ready(_products.lower(steps, draws).compile()),
        "jaxvae": lambda: jax.block_until_ready(epoch(described, state, raw)),
        "jaxvae, compiled plainly": lambda: jax.block_until_ready(plain(described, state, raw)),
    }
    contenders |= torch_contenders(images, draws) | pythae_contender(images, draws)
    if num_samples is None:
        contenders |= numpyro_contender(images)
    title = f"{'ELBO' if num_samples is None else f'IWAE({num_samples})'}, an epoch of {EPOCH:,} images, 784-200-200-50"
    return Task(title, contenders, EPOCH / num_examples)


def _ready(program: jax.stages.Compiled) -> Callable[[], Any]:
    return lambda: jax.block_until_ready(program())


@partial(jax.jit, static_argnums=(0, 1))
def _products(steps: int, draws: int) -> jax.Array:
    """The matrix products of so many steps, forward, for the inputs and for the weights, one after the other."""
    keys = iter(jax.random.split(jax.random.key(0), 8))
    encoder, decoder = ([jax.random.normal(next(keys), pair) for pair in sizes] for sizes in layer_sizes())

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
