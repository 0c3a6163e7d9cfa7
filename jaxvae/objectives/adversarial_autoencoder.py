"""The adversarial autoencoder: a discriminator holds the codes to the prior."""

from typing import Any

import jax

from jaxvae.checks import check_choice, check_range
from jaxvae.model import Model
from jaxvae.networks import MLP, NetworkLike
from jaxvae.objectives.adversarial import accuracy, cross_entropy, logits_of
from jaxvae.objectives.autoencoder import ENCODERS, EncoderKind, WithoutDensity, code_of, codes_of_batch
from jaxvae.objectives.batch_means import masked_mean
from jaxvae.objectives.batch_terms import finished
from jaxvae.objectives.factor_vae import FactorVAE
from jaxvae.objectives.info_vae import prior_samples
from jaxvae.objectives.requirements import check_prior_stays
from jaxvae.observation import Example
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params


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
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        del step
        codes, log_likelihood = codes_of_batch(self, self.encoder, model, params, keys, x, mask)
        own = params["objective"]
        judged = logits_of(self.discriminator, jax.lax.stop_gradient(own), codes)
        prior_fit = masked_mean(jax.nn.softplus(-judged), mask)

        real = logits_of(self.discriminator, own, jax.lax.stop_gradient(prior_samples(model, params, keys, x)))
        fake = logits_of(self.discriminator, own, jax.lax.stop_gradient(codes))
        discriminator_loss = masked_mean(cross_entropy(real, fake), mask)

        loss = -log_likelihood + self.weight * prior_fit + discriminator_loss
        parts = {
            "log_likelihood": log_likelihood,
            "discriminator_loss": discriminator_loss,
            "discriminator_accuracy": accuracy(real, fake, mask),
        }
        return finished(loss, mask, parts)
