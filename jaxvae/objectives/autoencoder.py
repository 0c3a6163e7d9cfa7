"""The plain autoencoder, as a control for a VAE, and the base of all objectives without a density."""

from functools import partial
from typing import Any, ClassVar, Literal

import jax

from jaxvae.model import Model
from jaxvae.objectives.batch_means import masked_mean, over_examples
from jaxvae.objectives.batch_terms import encode_batch, encoded, without_padding
from jaxvae.objectives.objective import Bound, Objective
from jaxvae.objectives.requirements import mean_of_posterior
from jaxvae.observation import Example
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params

EncoderKind = Literal["deterministic", "stochastic"]
ENCODERS = ("deterministic", "stochastic")


class WithoutDensity(Objective):
    """An objective that trains no density of x: it has no ELBO, no log p(x), and no prior to sample from.

    To sample, fit a density to its codes afterwards (`jaxvae.evaluation.fit_code_density`).
    """

    monitor: ClassVar[str] = "log_likelihood"

    def code(self, model: Model, params: Params, key: Key, x: Array) -> Array:
        """The code of ONE example that the decoder is trained on, `[latent_dim]`: the posterior's mean."""
        del key
        return mean_of_posterior(self, model, model.encode(params, x))

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """log p(x|z) of ONE example at the posterior's mean, nats."""
        z = mean_of_posterior(self, model, model.encode(params, x))
        return {"log_likelihood": model.log_likelihood(params, key, x, z)}


def code_of(objective: Objective, encoder: EncoderKind, model: Model, q: Any, key: Key) -> Array:
    """The mean of q(z|x), or a draw of it."""
    return q.sample(key) if encoder == "stochastic" else mean_of_posterior(objective, model, q)


def codes_of_batch(
    objective: Objective, encoder: EncoderKind, model: Model, params: Params, keys: Key, x: Example, mask: Array
) -> tuple[Array, Array]:
    """The codes of a batch, `[batch, latent_dim]`, and the mean of log p(x|z) over the examples that count, nats, `[]`.

    Raises:
        UserError: if codes are means and the posterior has no mean, or codes are draws that pass no gradient.
    """
    x = without_padding(x, mask)
    encode = partial(encode_batch, objective) if encoder == "stochastic" else encoded
    posteriors = encode(model, params, keys, x)
    codes = jax.vmap(lambda q, key: code_of(objective, encoder, model, q, key))(posteriors, keys)

    def log_likelihood(model: Model, key: Key, x: Array, z: Array) -> Array:
        return model.log_likelihood(params, key, x, z)

    log_likelihoods = over_examples(model, log_likelihood)(keys, x, codes)
    return codes, masked_mean(log_likelihoods, mask)


@dataclass
class Autoencoder(WithoutDensity, Bound):
    """Minimise the reconstruction term of a deterministic code, with no KL.

    loss = −log p(x | z = E[q(z|x)])

    It defines no density of x: it has no ELBO and no log p(x), and no prior to sample from.
    """

    def bound(self, model: Model, params: Params, key: Key, x: Array, step: Array) -> tuple[Array, Metrics]:
        """log p(x|z) at the code of ONE example, nats."""
        del step
        scores = self.score(model, params, key, x)
        return scores["log_likelihood"], scores
