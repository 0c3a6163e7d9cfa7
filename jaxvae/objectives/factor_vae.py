"""The FactorVAE: a discriminator estimates the total correlation."""

import jax
import jax.numpy as jnp

from jaxvae.checks import check_range
from jaxvae.keys import Purpose, keys_for
from jaxvae.model import Model
from jaxvae.networks import MLP, NetworkLike
from jaxvae.objectives.adversarial import LOGIT, accuracy, cross_entropy, logits_of
from jaxvae.objectives.batch_means import masked_mean
from jaxvae.objectives.batch_terms import WithDensity, draw_batch, finished, negative_elbo
from jaxvae.objectives.schedules import Constant, Schedule
from jaxvae.observation import Example
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params


def permute_dimensions(keys: Key, z: Array, mask: Array) -> Array:
    """Shuffle each latent dimension separately among the examples that count: draws from Π_d q(z_d).

    Every dimension keeps its values but loses its link to the others. Padding is left out. Kim and Mnih 2018, algorithm
    1.

    Args:
        keys: one for each example, so that the orders do not depend on padding, `[batch]`.
        z: `[batch, latent_dim]`.
        mask: `[batch]` bool.

    Returns:
        `[batch, latent_dim]`; rows of padding have no meaning.
    """
    ranks = jax.vmap(lambda key: jax.random.uniform(key, z.shape[1:]))(keys)
    order = jnp.argsort(jnp.where(mask[:, None], ranks, jnp.inf), axis=0)  # those that count first
    position = jnp.maximum(jnp.cumsum(mask) - 1, 0)  # among those that count
    return jnp.take_along_axis(z, order[position], axis=0)


@dataclass
class FactorVAE(WithDensity):
    """The ELBO with a penalty on the total correlation, measured by a discriminator.

    loss = −ELBO + γ E_q(z)[log D(z) / (1 − D(z))],  TC = KL(q(z) ‖ Π_d q(z_d)) ≈ E_q(z)[log D(z) / (1 − D(z))]
    discriminator's loss = −½ E[log D(z)] − ½ E[log(1 − D(z'))],  z' = second draws with permuted dimensions

    D(z) is the probability that z comes from q(z) and not from Π_d q(z_d). The second draws come from the same batch.
    The reported loss is the sum of both. Kim and Mnih 2018, equation 2 and algorithm 2.

    Args:
        gamma: γ, weight of the total correlation [nats per nat].
        discriminator: network from a latent to a logit.
        schedule: factor of the KL by step.

    Raises:
        UserError: for a negative weight.
    """

    gamma: float = 10.0
    discriminator: NetworkLike = MLP((200, 200), "leaky_relu", output_gain=1.0)
    schedule: Schedule = Constant()
    smallest_batch = 2

    def __post_init__(self) -> None:
        check_range(self, at_least=0.0, gamma=self.gamma)

    def init(self, key: Key, model: Model, examples: Array | None) -> Params:
        """The discriminator's parameters."""
        del examples
        _, key = jax.random.split(key)
        return {"discriminator": self.discriminator.init(key, jnp.zeros(model.latent_dim), LOGIT)}

    def loss(
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        batch = draw_batch(self, model, params, keys, x, mask)
        z, own = batch.draws.latents, params["objective"]
        correlation = masked_mean(logits_of(self.discriminator, jax.lax.stop_gradient(own), z), mask)

        others = jax.vmap(lambda q, key: q.sample(key))(batch.posteriors, keys_for(keys, Purpose.OTHER_DRAWS))
        shuffled = permute_dimensions(keys_for(keys, Purpose.ORDER), others, mask)
        real = logits_of(self.discriminator, own, jax.lax.stop_gradient(z))
        fake = logits_of(self.discriminator, own, jax.lax.stop_gradient(shuffled))
        discriminator_loss = 0.5 * masked_mean(cross_entropy(real, fake), mask)

        loss = negative_elbo(batch.metrics, self.schedule(step)) + self.gamma * correlation + discriminator_loss
        parts = {
            "total_correlation": correlation,
            "discriminator_loss": discriminator_loss,
            "discriminator_accuracy": accuracy(real, fake, mask),
        }
        return finished(loss, mask, {**batch.metrics, **parts})
