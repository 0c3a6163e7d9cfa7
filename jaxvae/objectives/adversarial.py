"""Two players in one loss: a model and a discriminator, each without a gradient from the other's loss.

The part of each player holds the parameters of the other constant. The gradient of the sum of both parts is therefore,
for each player, the gradient of its own part, and one optimiser updates both at once.
"""

from typing import Any

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.distributions import SupportsSampleAndLogProb, is_reparameterized
from jaxvae.keys import Purpose, keys_for
from jaxvae.model import Model
from jaxvae.networks import MLP, NetworkLike
from jaxvae.objectives.autoencoder import ENCODERS, EncoderKind, WithoutDensity, code_of, codes_of_batch
from jaxvae.objectives.batch_means import masked_mean
from jaxvae.objectives.batch_terms import WithDensity, draw_batch, finished, negative_elbo
from jaxvae.objectives.info_vae import prior_samples
from jaxvae.objectives.requirements import check_prior_stays, mean_of_posterior
from jaxvae.objectives.schedules import Constant, Schedule
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params
from jaxvae.vae import mean_of

_LOGIT = (1,)  # what a discriminator puts out
_LEAST_VARIANCE = 1e-6  # of a feature: one that is the same for every example


def _zeros_like_latents_and_data(model: Model, key: Key) -> tuple[Array, Array]:
    """A latent and an example of the model's shapes, all 0."""

    def one(key: Key) -> tuple[Array, Array]:
        init_key, sample_key = jax.random.split(key)
        params = model.init(init_key)
        z = model.sample_prior(params, sample_key)
        return z, mean_of(model.decode(params, z))

    shapes: Any = jax.eval_shape(one, key)
    return jax.tree.map(lambda shape: jnp.zeros(shape.shape, shape.dtype), shapes)


def _logits(network: NetworkLike, params: Params, values: Array) -> Array:
    """The discriminator's logit of each member of a batch, `[batch]`."""
    return jax.vmap(lambda value: network.apply(params["discriminator"], value, _LOGIT)[0])(values)


def _cross_entropy(real: Array, fake: Array) -> Array:
    """−log D(real) − log(1 − D(fake)) from their logits, nats, `[batch]`."""
    return jax.nn.softplus(-real) + jax.nn.softplus(fake)


def _accuracy(real: Array, fake: Array, mask: Array) -> Array:
    """The share of both that the discriminator classifies correctly; ½ is chance."""
    right = 0.5 * ((real > 0.0).astype(real.dtype) + (fake < 0.0).astype(fake.dtype))
    return masked_mean(right, mask)


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
        shape_key, key = jax.random.split(key)
        z, _ = _zeros_like_latents_and_data(model, shape_key)
        return {"discriminator": self.discriminator.init(key, z, _LOGIT)}

    def loss(
        self, model: Model, params: Params, keys: Key, x: Array, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        batch = draw_batch(self, model, params, keys, x, mask)
        z, own = batch.draws.latents, params["objective"]
        correlation = masked_mean(_logits(self.discriminator, jax.lax.stop_gradient(own), z), mask)

        others = jax.vmap(lambda q, key: q.sample(key))(batch.posteriors, keys_for(keys, Purpose.OTHER_DRAWS))
        shuffled = permute_dimensions(keys_for(keys, Purpose.ORDER), others, mask)
        real = _logits(self.discriminator, own, jax.lax.stop_gradient(z))
        fake = _logits(self.discriminator, own, jax.lax.stop_gradient(shuffled))
        discriminator_loss = 0.5 * masked_mean(_cross_entropy(real, fake), mask)

        loss = negative_elbo(batch.metrics, self.schedule(step)) + self.gamma * correlation + discriminator_loss
        parts = {
            "total_correlation": correlation,
            "discriminator_loss": discriminator_loss,
            "discriminator_accuracy": _accuracy(real, fake, mask),
        }
        return finished(loss, mask, {**batch.metrics, **parts})


@dataclass
class AdversarialAutoencoder(WithoutDensity):
    """The autoencoder whose codes a discriminator cannot tell from draws of the prior.

    loss = −log p(x|z) − weight · log D(z),  z the code of x
    discriminator's loss = −E_p(z)[log D(z)] − E_q(z)[log(1 − D(z))]

    D(z) is the probability that z comes from the prior; −log D is the loss that does not saturate (Goodfellow et al.
    2014, section 3). The reported loss is the sum of both. There is no ELBO and no log p(x). Makhzani et al. 2016,
    section 2.

    Args:
        weight: weight of the term that fits the codes to the prior [nats per nat].
        encoder: the code is `deterministic`, the posterior's mean, or `stochastic`, a draw of it.
        discriminator: network from a latent to a logit.

    Raises:
        UserError: for a negative weight, an unknown encoder, or a model whose prior is learned.
    """

    weight: float = 1.0
    encoder: EncoderKind = "deterministic"
    discriminator: NetworkLike = MLP((200, 200), "leaky_relu", output_gain=1.0)

    def __post_init__(self) -> None:
        check_range(self, at_least=0.0, weight=self.weight)
        check_choice(self, ENCODERS, encoder=self.encoder)

    def check_model(self, model: Any) -> None:
        """Check that the prior is not learned: this objective moves codes towards it, and nothing would train it."""
        super().check_model(model)
        check_prior_stays(self, model)

    def init(self, key: Key, model: Model, examples: Array | None) -> Params:
        """The discriminator's parameters."""
        return FactorVAE(discriminator=self.discriminator).init(key, model, examples)

    def code(self, model: Model, params: Params, key: Key, x: Array) -> Array:
        """The code of ONE example, `[latent_dim]`."""
        return code_of(self, self.encoder, model, model.encode(params, x), key)

    def loss(
        self, model: Model, params: Params, keys: Key, x: Array, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        del step
        codes, log_likelihood = codes_of_batch(self, self.encoder, model, params, keys, x, mask)
        own = params["objective"]
        judged = _logits(self.discriminator, jax.lax.stop_gradient(own), codes)
        prior_fit = masked_mean(jax.nn.softplus(-judged), mask)

        real = _logits(self.discriminator, own, jax.lax.stop_gradient(prior_samples(model, params, keys)))
        fake = _logits(self.discriminator, own, jax.lax.stop_gradient(codes))
        discriminator_loss = masked_mean(_cross_entropy(real, fake), mask)

        loss = -log_likelihood + self.weight * prior_fit + discriminator_loss
        parts = {
            "log_likelihood": log_likelihood,
            "discriminator_loss": discriminator_loss,
            "discriminator_accuracy": _accuracy(real, fake, mask),
        }
        return finished(loss, mask, parts)


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
        shape_key, key, head_key = jax.random.split(key, 3)
        _, x = _zeros_like_latents_and_data(model, shape_key)
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
        self, model: Model, params: Params, keys: Key, x: Array, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        del step
        batch = draw_batch(self, model, params, keys, x, mask)
        constants, own = jax.lax.stop_gradient(params), params["objective"]
        z, prior_z = batch.draws.latents, jax.lax.stop_gradient(prior_samples(model, params, keys))

        def decoded(params: Params, z: Array, purpose: Purpose) -> tuple[Array, Array]:
            each = jax.vmap(lambda key, one: _mean_and_shown(key, model.decode(params, one)))
            return each(keys_for(keys, purpose), z)

        target = jax.lax.stop_gradient(self._features(own, batch.x))
        deviation = _deviation(target, mask)

        def feature_loss(means: Array) -> Array:
            differences = (self._features(constants["objective"], means) - target) / deviation[None]
            return 0.5 * jnp.sum(differences**2, axis=-1)

        means, shown = decoded(params, jax.lax.stop_gradient(z), Purpose.SHOWN)
        _, prior_shown = decoded(params, prior_z, Purpose.SHOWN_PRIOR)
        seen = jax.vmap(lambda one: mean_of(model.decode(constants, one)))(z)
        encoder_loss = batch.metrics["kl"] + masked_mean(feature_loss(seen), mask)
        deceived = sum(jax.nn.softplus(-self._judge(constants["objective"], one)) for one in (shown, prior_shown))
        decoder_loss = masked_mean(self.weight * feature_loss(means) + deceived, mask)

        real = self._judge(own, batch.x)
        fakes = [self._judge(own, jax.lax.stop_gradient(one)) for one in (shown, prior_shown)]
        discriminator_loss = masked_mean(_cross_entropy(real, fakes[0]) + jax.nn.softplus(fakes[1]), mask)

        parts = {
            "reconstruction": -masked_mean(
                jax.vmap(lambda one, other: jnp.sum((one - other) ** 2))(batch.x, means), mask
            ),
            "encoder_loss": encoder_loss,
            "decoder_loss": decoder_loss,
            "discriminator_loss": discriminator_loss,
            "discriminator_accuracy": _accuracy(real, fakes[0], mask),
        }
        return finished(encoder_loss + decoder_loss + discriminator_loss, mask, {**batch.metrics, **parts})

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """−‖x − E[x|z]‖² of ONE example at the posterior's mean, and the true ELBO and its terms, nats."""
        mean = mean_of(model.decode(params, mean_of_posterior(self, model, model.encode(params, x))))
        return {**super().score(model, params, key, x), "reconstruction": -jnp.sum((x - mean) ** 2)}
