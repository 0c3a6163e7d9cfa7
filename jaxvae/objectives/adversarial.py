"""Two players in one loss: a model and a discriminator, each without a gradient from the other's loss.

The part of each player holds the parameters of the other constant. The gradient of the sum of both parts is therefore,
for each player, the gradient of its own part, and one optimiser updates both at once.
"""

import jax

from jaxvae.networks import NetworkLike
from jaxvae.objectives.batch_means import masked_mean
from jaxvae.typing import Array, Params

LOGIT = (1,)  # what a discriminator puts out


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
