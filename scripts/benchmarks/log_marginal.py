"""log p(x) of 10,000 images by 5,000 samples each."""

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers import torch_log_marginal
from benchmarks.task import LATENT_DIM, LIMIT, PLAIN_LIMIT, Task, Work, dense_vae, layer_sizes
from jaxvae.evaluation import importance_estimate, in_batches
from jaxvae.evaluation.evaluate import examples_at_once
from jaxvae.hardware import compiled

NUM_SAMPLES = 5000
QUOTED = 10_000  # examples that the seconds are stated for


def log_marginal(num_examples: int) -> Task:
    """log p(x) by 5,000 samples with the network 784-200-200-50 (tanh), Bernoulli likelihood."""
    model = dense_vae()
    params, rng = jax.jit(model.init)(jax.random.key(0)), np.random.default_rng(0)
    x = jnp.asarray(rng.random((num_examples, 28, 28, 1)) < 0.2, jnp.float32)
    weights = [jnp.asarray(rng.normal(size=pair), jnp.float32) for pair in layer_sizes()[1]]

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
        return importance_estimate(model, params, key, x, NUM_SAMPLES)._asdict()

    batches = in_batches(estimate)  # as `evaluate` does it
    z = jnp.asarray(rng.normal(size=(NUM_SAMPLES, LATENT_DIM)), jnp.float32)
    limit, plain_limit = compiled(products, z), products.lower(z).compile()
    contenders = {
        LIMIT: lambda: jax.block_until_ready(limit(z)),
        PLAIN_LIMIT: lambda: jax.block_until_ready(plain_limit(z)),
        "jaxvae": lambda: list(batches(jax.random.key(1), x, min(examples_at_once(NUM_SAMPLES), num_examples))),
    }
    contenders |= torch_log_marginal(np.asarray(x), NUM_SAMPLES)
    title = f"log p(x), {QUOTED:,} images, {NUM_SAMPLES:,} samples each, 784-200-200-50"
    encoder, decoder = (sum(rows * columns for rows, columns in sizes) for sizes in layer_sizes())
    work = Work(2.0 * num_examples * (encoder + NUM_SAMPLES * decoder), None, jnp.float32)
    return Task(title, contenders, QUOTED / num_examples, work=lambda: work)
