"""The prior with learned accept/reject sampling."""

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from jaxvae.checks import check_range
from jaxvae.distributions import Normal
from jaxvae.keys import Purpose, key_for, same_draws
from jaxvae.model import ModelParts
from jaxvae.networks import MLP, NetworkLike, check_networks
from jaxvae.priors.prior import Figure, Prior
from jaxvae.priors.resampled import Resampled, log_acceptance
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params


@dataclass
class LARS(Prior):
    """Learned accept/reject sampling: draws of a standard normal, each accepted with a learned probability.

    p(z) = π(z) a(z) / Z,  a(z) = sigmoid(network(z)),  Z = E_π[a],  π = N(0, I)

    The sampler stops after T tries and always accepts the last one. Its density is

    p_T(z) = π(z) [ (1 − (1 − Z)^(T−1)) a(z) / Z + (1 − Z)^(T−1) ]

    Z is estimated from draws of π. Training draws again in each step and shares the draws among the batch. Elsewhere
    there are many more draws, always the same ones, so every log p(x) has the same error: about the standard error of
    log Z, which evaluation.json reports. Bauer and Mnih 2019, equations 2, 5 and 9. Their training smooths Z by a
    moving average and adds the posterior's draw to its gradient. Here the only state is the parameters, and the value
    and the gradient of log Z come from the same estimate, with a bias of order 1 / num_samples.

    Args:
        network: from z to the logit of the acceptance.
        truncation: T ≥ 1 [tries]; null for no truncation. 1 gives the standard normal.
        num_samples: draws for Z in a training step [samples].
        evaluation_samples: draws for Z elsewhere [samples].

    Raises:
        UserError: for a number below 1.
    """

    network: NetworkLike = MLP((100, 100), "tanh", output_gain=1.0)  # with the next two as in Bauer and Mnih 2019
    truncation: int | None = 100
    num_samples: int = 1024
    evaluation_samples: int = 65_536

    def __post_init__(self) -> None:
        check_networks(self, network=self.network)
        check_range(self, at_least=1, truncation=self.truncation, num_samples=self.num_samples)
        check_range(self, at_least=1, evaluation_samples=self.evaluation_samples)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The parameters of the network."""
        del examples
        return self.network.init(key, jnp.zeros(model.latent_dim), ())

    def for_training(self, key: Key) -> Prior:
        """This prior with new draws for Z."""
        return _LARSInTraining(self, key)

    def distribution(self, model: ModelParts, params: Params) -> Resampled:
        """p(z) over `[latent_dim]`."""
        return self.resampled(model, params, jax.random.key(0), self.evaluation_samples)

    def report(self, model: ModelParts, params: Params) -> dict[str, Figure]:
        """Z, and log Z with the error that every log p(x) shares."""
        log_z, error = self.log_normaliser(model, params, jax.random.key(0), self.evaluation_samples)
        z = jnp.exp(log_z)
        return {"acceptance": Figure(z, z * error, "probability"), "log_normaliser": Figure(log_z, error, "nats")}

    def resampled(self, model: ModelParts, params: Params, key: Key, num_samples: int) -> Resampled:
        """p(z) with log Z estimated by `num_samples` draws."""
        log_z, _ = self.log_normaliser(model, params, key, num_samples)
        return Resampled(_base(model), self.network, params["prior"], log_z, self.truncation)

    def log_normaliser(self, model: ModelParts, params: Params, key: Key, num_samples: int) -> tuple[Array, Array]:
        """log Z = log (1/S Σ_s a(z_s)), z_s ~ π, and its standard error, nats."""
        key = key_for(same_draws(key), Purpose.NORMALISER)  # an objective may ask for the prior twice in one step
        draws = jax.vmap(_base(model).sample)(jax.random.split(key, num_samples))
        log_a = log_acceptance(self.network, params["prior"], draws)
        log_z = logsumexp(log_a) - jnp.log(jnp.asarray(num_samples, log_a.dtype))
        relative = jnp.exp(log_a - log_z)
        return log_z, jnp.std(relative) / jnp.sqrt(jnp.asarray(num_samples, log_a.dtype))


@dataclass
class _LARSInTraining(Prior):
    """LARS in one training step, whose draws for Z all terms of that step share; see `LARS.for_training`.

    Args:
        prior: the prior.
        key: for the draws.
    """

    prior: LARS
    key: Key

    def distribution(self, model: ModelParts, params: Params) -> Resampled:
        """p(z) over `[latent_dim]`."""
        return self.prior.resampled(model, params, self.key, self.prior.num_samples)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The parameters of the network."""
        return self.prior.init(key, model, examples)


def _base(model: ModelParts) -> Normal:
    return Normal(jnp.zeros(model.latent_dim), jnp.ones(model.latent_dim))
