"""Two players in one loss: a model and a discriminator, each without a gradient from the other's loss.

The part of each player holds the parameters of the other constant. The gradient of the sum of both parts is therefore,
for each player, the gradient of its own part, and one optimiser updates both at once.
"""

from typing import Any

import jax
import jax.numpy as jnp

from jaxvae.functions import mean_of
from jaxvae.model import Model
from jaxvae.networks import NetworkLike
from jaxvae.objectives.batch_means import masked_mean
from jaxvae.typing import Array, Key, Params

LOGIT = (1,)  # what a discriminator puts out


def zeros_like_latents_and_data(model: Model, key: Key) -> tuple[Array, Array]:
    """A latent and an example of the model's shapes, all 0."""

    def one(key: Key) -> tuple[Array, Array]:
        init_key, sample_key = jax.random.split(key)
        params = model.init(init_key)
        z = model.sample_prior(params, sample_key)
        return z, mean_of(model.decode(params, z))

    shapes: Any = jax.eval_shape(one, key)
    return jax.tree.map(lambda shape: jnp.zeros(shape.shape, shape.dtype), shapes)


def logits_of(network: NetworkLike, params: Params, values: Array) -> Array:
    """The discriminator's logit of each member of a batch, `[batch]`."""
    return jax.vmap(lambda value: network.apply(params["discriminator"], value, LOGIT)[0])(values)


def cross_entropy(real: Array, fake: Array) -> Array:
    """−log D(real) − log(1 − D(fake)) from their logits, nats, `[batch]`."""
    return jax.nn.softplus(-real) + jax.nn.softplus(fake)


def accuracy(real: Array, fake: Array, mask: Array) -> Array:
    """The share of both that the discriminator classifies correctly; ½ is chance."""
    right = 0.5 * ((real > 0.0).astype(real.dtype) + (fake < 0.0).astype(fake.dtype))
    return masked_mean(right, mask)
