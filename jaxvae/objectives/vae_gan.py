"""The VAE/GAN: reconstructions are compared by the features of a discriminator."""

import jax
import jax.numpy as jnp

from jaxvae.checks import check_range
from jaxvae.distributions import SupportsSampleAndLogProb, is_reparameterized, mean_of
from jaxvae.keys import Purpose, keys_for
from jaxvae.model import Model
from jaxvae.networks import MLP, NetworkLike
from jaxvae.objectives.adversarial import accuracy, cross_entropy
from jaxvae.objectives.batch_means import masked_mean, over_examples
from jaxvae.objectives.batch_terms import WithDensity, draw_batch, finished
from jaxvae.objectives.info_vae import prior_samples
from jaxvae.objectives.requirements import mean_of_posterior
from jaxvae.observation import Example
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params

_LEAST_VARIANCE = 1e-6  # of a feature: one that is the same for every example


def _mean_and_shown(key: Key, p: SupportsSampleAndLogProb) -> tuple[Array, Array]:
    """The mean of p(x|z), and what the discriminator sees: the mean, or for discrete x a draw with its gradient."""
    mean = mean_of(p)
    return mean, mean if is_reparameterized(p) else mean + jax.lax.stop_gradient(p.sample(key) - mean)


def _deviation(values: Array, mask: Array) -> Array:
    """The standard deviation of each feature over the examples that count, `[features]`.

    The squared mean counts as one more example, so that a single example does not give 0.
    """
    mean = masked_mean(values, mask)
    variance = masked_mean((values - mean[None]) ** 2, mask) + mean**2 / (jnp.sum(mask).astype(mean.dtype) + 1.0)
    return jnp.sqrt(variance + _LEAST_VARIANCE)


@dataclass
class VAEGAN(WithDensity):
    """The VAE that reconstructs the features of a discriminator, and whose decoder tries to deceive it.

    encoder's loss = KL(q(z|x) ‖ p(z)) + L(x, x̃),  x̃ = E[x|z],  L(x, x̃) = ½ Σ_j ((f_j(x) − f_j(x̃)) / σ_j)²
    decoder's loss = weight · L(x, x̃) − log D(x̃) − log D(x_p),  x_p = E[x|z_p], z_p ~ p(z)
    discriminator's loss = −log D(x) − log(1 − D(x̃)) − log(1 − D(x_p))

    f are the discriminator's features. σ_j are their deviations over the batch: with them the KL keeps its weight
    against L as the features grow (the authors' discriminator has batch normalisation). D(x) is the probability that x
    is data, by a linear layer on f; −log D is the loss that does not saturate. For discrete data D sees a draw with the
    gradient of the mean (straight through), because means of binary data are easily told from data.

    The reported loss is the sum of all three. The reported ELBO uses the model's likelihood, which is not trained, and
    losses against an adversary cannot be compared across epochs. Validation therefore uses `reconstruction`, −‖x −
    x̃‖². Larsen et al. 2016, algorithm 1.

    Args:
        weight: weight of the features in the decoder's loss [nats per nat]; γ in the paper.
        num_features: number of features f.
        discriminator: network from an example to its features.

    Raises:
        UserError: for a negative weight, or no feature.
    """

    weight: float = 1.0
    num_features: int = 64
    discriminator: NetworkLike = MLP((200,), "leaky_relu", output_gain=1.0)
    monitor = "reconstruction"
    smallest_batch = 2

    def __post_init__(self) -> None:
        check_range(self, at_least=0.0, weight=self.weight)
        check_range(self, at_least=1, num_features=self.num_features)

    def init(self, key: Key, model: Model, examples: Array | None) -> Params:
        """The discriminator's parameters: `features` and the linear `head`."""
        del examples
        _, key, head_key = jax.random.split(key, 3)
        x = jnp.zeros(model.data_shape)
        kernel = jax.random.normal(head_key, (self.num_features,), x.dtype) / self.num_features**0.5
        features = self.discriminator.init(key, x, (self.num_features,))
        return {"features": features, "head": {"kernel": kernel, "bias": jnp.zeros((), x.dtype)}}

    def _features(self, own: Params, x: Array) -> Array:
        """f of each example, `[batch, num_features]`."""
        return jax.vmap(lambda one: self.discriminator.apply(own["features"], one, (self.num_features,)))(x)

    def _judge(self, own: Params, x: Array) -> Array:
        """The logit of each example, `[batch]`."""
        return jax.nn.leaky_relu(self._features(own, x)) @ own["head"]["kernel"] + own["head"]["bias"]

    def loss(
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        del step
        batch = draw_batch(self, model, params, keys, x, mask)
        constants, own = jax.lax.stop_gradient(params), params["objective"]
        z, prior_z = batch.draws.latents, jax.lax.stop_gradient(prior_samples(model, params, keys, batch.x))

        def decoded(params: Params, z: Array, purpose: Purpose) -> tuple[Array, Array]:
            each = over_examples(model, lambda model, _, x, key, z: _mean_and_shown(key, model.decode(params, z)))
            return each(keys, batch.x, keys_for(keys, purpose), z)

        means, shown = decoded(params, jax.lax.stop_gradient(z), Purpose.SHOWN)
        _, prior_shown = decoded(params, prior_z, Purpose.SHOWN_PRIOR)
        mean = over_examples(model, lambda model, _, x, z: mean_of(model.decode(constants, z)))
        seen = mean(keys, batch.x, z)
        # hidden entries count as reconstructed
        complete = over_examples(model, lambda model, _, x, mean: model.completed(x, mean))
        data = jax.lax.stop_gradient(complete(keys, batch.x, means))
        target = jax.lax.stop_gradient(self._features(own, data))
        deviation = _deviation(target, mask)

        def feature_loss(means: Array) -> Array:
            differences = (self._features(constants["objective"], means) - target) / deviation[None]
            return 0.5 * jnp.sum(differences**2, axis=-1)

        encoder_loss = batch.metrics["kl"] + masked_mean(feature_loss(seen), mask)
        deceived = sum(jax.nn.softplus(-self._judge(constants["objective"], one)) for one in (shown, prior_shown))
        decoder_loss = masked_mean(self.weight * feature_loss(means) + deceived, mask)

        real = self._judge(own, data)
        fakes = [self._judge(own, jax.lax.stop_gradient(one)) for one in (shown, prior_shown)]
        discriminator_loss = masked_mean(cross_entropy(real, fakes[0]) + jax.nn.softplus(fakes[1]), mask)

        parts = {
            "reconstruction": -masked_mean(jax.vmap(lambda one, other: jnp.sum((one - other) ** 2))(data, means), mask),
            "encoder_loss": encoder_loss,
            "decoder_loss": decoder_loss,
            "discriminator_loss": discriminator_loss,
            "discriminator_accuracy": accuracy(real, fakes[0], mask),
        }
        return finished(encoder_loss + decoder_loss + discriminator_loss, mask, {**batch.metrics, **parts})

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """−‖x − E[x|z]‖² of ONE example at the posterior's mean, and the true ELBO and its terms, nats."""
        mean = mean_of(model.decode(params, mean_of_posterior(self, model, model.encode(params, x))))
        error = jnp.sum((model.completed(x, mean) - mean) ** 2)
        return {**super().score(model, params, key, x), "reconstruction": -error}
