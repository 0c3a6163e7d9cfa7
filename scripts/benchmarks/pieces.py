"""Pieces of a step beside what plain JAX and Flax make of them, compiled alike."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from benchmarks.task import LATENT_DIM, NUM_PIXELS, WIDTHS, Task
from jaxvae.distributions import Bernoulli
from jaxvae.fast import plus_bias, standard_normal
from jaxvae.hardware import compiled
from jaxvae.networks.dense import Dense

DRAWS, USERS = 50, 5  # of one example; operations of their own that use each draw, as those of IWAE do
REPEATS = 20  # of one round


def draws(num_examples: int) -> Task:
    """The noise of a step of IWAE(50), from a key for each draw, where five operations use it."""
    keys = jax.random.split(jax.random.key(0), (num_examples, DRAWS))
    scales = jnp.linspace(1.0, 2.0, USERS)

    def sums(normal: Callable[..., jax.Array]) -> Callable[..., list[jax.Array]]:
        def of(keys: jax.Array) -> list[jax.Array]:
            each = jax.vmap(jax.vmap(lambda key: normal(key, (LATENT_DIM,))))(keys)
            return [jnp.sum(each * scale, axis=index % 3) for index, scale in enumerate(scales)]

        return of

    contenders = {
        "jax.random.normal": _repeated(sums(jax.random.normal), keys),
        "standard_normal of jaxvae": _repeated(sums(standard_normal), keys),
    }
    title = f"{num_examples * DRAWS * LATENT_DIM:,} normal draws that {USERS} operations use, in seconds"
    return Task(title, contenders, 1.0 / REPEATS)


def biases(num_examples: int) -> Task:
    """The last layer of IWAE(50) and its gradient: a product, its bias, and the offset of the likelihood."""
    key = iter(jax.random.split(jax.random.key(0), 2))
    hidden = jax.random.normal(next(key), (num_examples, DRAWS, WIDTHS[-1]))
    x = (jax.random.uniform(next(key), (num_examples, NUM_PIXELS)) < 0.2).astype(jnp.float32)

    def gradient(layer: nn.Module, add: Callable[[jax.Array, jax.Array], jax.Array]) -> Callable[[], Any]:
        def loss(params: Any, hidden: jax.Array, offset: jax.Array, x: jax.Array) -> jax.Array:
            def one(hidden: jax.Array, x: jax.Array) -> jax.Array:
                outputs: Any = layer.apply(params, hidden)
                return Bernoulli(add(outputs.reshape(28, 28), offset)).log_prob(x.reshape(28, 28))

            return jnp.mean(jax.vmap(jax.vmap(one, (0, None)))(hidden, x))

        params = layer.init(jax.random.key(1), hidden[0, 0])
        return _repeated(jax.grad(loss, (0, 1, 2)), params, hidden, jnp.zeros((28, 28)), x)

    contenders = {
        "flax.linen.Dense, +": gradient(nn.Dense(NUM_PIXELS), jnp.add),
        "Dense and plus_bias of jaxvae": gradient(Dense(NUM_PIXELS), plus_bias),
    }
    title = f"last layer and likelihood of {num_examples} × {DRAWS} draws with their gradient, in seconds"
    return Task(title, contenders, 1.0 / REPEATS)


def _repeated(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    program = compiled(jax.jit(function), *arguments)

    def run() -> Any:
        results = [program(*arguments) for _ in range(REPEATS)]
        return jax.block_until_ready(results[-1])

    return run
