"""The prior with learned accept/reject sampling."""

import dataclasses
from typing import Any, Self

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from jaxvae.checks import check_component, check_range
from jaxvae.distributions import Distribution, Normal
from jaxvae.keys import Purpose, key_for, same_draws
from jaxvae.model import ModelParts
from jaxvae.networks import MLP, Network
from jaxvae.priors.prior import Figure, Prior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params

MAX_TRIES = 100_000  # of a sampler without truncation, which would hardly end if nearly nothing is accepted
# Limits of Z in a power or a quotient: below them log Z has no gradient in float32, above them log(1 − Z) has none.
MIN_Z, MAX_Z = 1e-30, 1.0 - 1e-6


@dataclass
class Resampled(Distribution):
    """A base distribution after rejection with a learned acceptance probability; see `LARS`.

    Un-batched: one distribution over vectors, whose values may have leading batch axes.

    Args:
        base: π, over `[D]`.
        network: from z to the logit of a(z), `()`.
        params: of the network.
        log_z: log Z = log E_π[a], `[]`.
        truncation: T, or None for no truncation.
        event_ndim: 1: the event is a vector.
    """

    base: Normal
    network: Network
    params: Params
    log_z: Array
    truncation: int | None
    event_ndim: int = 1

    @property
    def is_reparameterized(self) -> bool:
        """False, because the choice of the accepted draw has no gradient."""
        return False

    def log_acceptance(self, value: Array) -> Array:
        """log a(z) of values `[*batch, D]`, `[*batch]`."""
        return _log_acceptance(self.network, self.params, value)

    def log_prob(self, value: Array) -> Array:
        """Log-density of `value` in nats, `[*batch]`."""
        log_ratio = self.log_acceptance(value) - self.log_z
        if self.truncation is None:
            return self.base.log_prob(value) + log_ratio
        if self.truncation == 1:
            return self.base.log_prob(value)
        z = jnp.clip(jnp.exp(self.log_z), MIN_Z, MAX_Z)
        log_none = (self.truncation - 1) * jnp.log1p(-z)  # of T − 1 tries
        log_some_by_z = jnp.log(-jnp.expm1(log_none)) - jnp.log(z)
        return self.base.log_prob(value) + jnp.logaddexp(log_some_by_z + self.log_acceptance(value), log_none)

    def sample(self, key: Key) -> Array:
        """The first of up to T draws of π that is accepted, or the last; `[D]`, no gradient passes through it."""
        tries = MAX_TRIES if self.truncation is None else self.truncation
        fixed: Resampled = jax.lax.stop_gradient(self)

        def attempt(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            index = state[0]
            draw_key, accept_key = jax.random.split(jax.random.fold_in(key, index))
            z = fixed.base.sample(draw_key)
            log_uniform = -jax.random.exponential(accept_key, dtype=z.dtype)
            return index + 1, z, log_uniform < fixed.log_acceptance(z)

        def goes_on(state: tuple[Array, Array, Array]) -> Array:
            return (state[0] < tries) & ~state[2]

        start = (jnp.asarray(0), jnp.zeros_like(fixed.base.loc), jnp.asarray(False))
        return jax.lax.while_loop(goes_on, attempt, start)[1]


def _log_acceptance(network: Network, params: Params, z: Array) -> Array:
    flat = z.reshape(-1, z.shape[-1])
    return jax.nn.log_sigmoid(jax.vmap(lambda one: network.apply(params, one, ()))(flat)).reshape(z.shape[:-1])


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

    network: Network = MLP((100, 100), "tanh", output_gain=1.0)  # with the next two as in Bauer and Mnih 2019
    truncation: int | None = 100
    num_samples: int = 1024
    evaluation_samples: int = 65_536
    training_key: Any = dataclasses.field(default=None, init=False)

    def __post_init__(self) -> None:
        check_component(self, Network, network=self.network)
        check_range(self, at_least=1, truncation=self.truncation, num_samples=self.num_samples)
        check_range(self, at_least=1, evaluation_samples=self.evaluation_samples)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The parameters of the network."""
        del examples
        return self.network.init(key, jnp.zeros(model.latent_dim), ())

    def for_training(self, key: Key) -> Self:
        """This prior with new draws for Z."""
        prior = dataclasses.replace(self)
        object.__setattr__(prior, "training_key", key)
        return prior

    def distribution(self, model: ModelParts, params: Params) -> Resampled:
        """p(z) over `[latent_dim]`."""
        log_z, _ = self._log_z(model, params)
        return Resampled(_base(model), self.network, params["prior"], log_z, self.truncation)

    def report(self, model: ModelParts, params: Params) -> dict[str, Figure]:
        """Z, and log Z with the error that every log p(x) shares."""
        log_z, error = self._log_z(model, params)
        z = jnp.exp(log_z)
        return {"acceptance": Figure(z, z * error, "probability"), "log_normaliser": Figure(log_z, error, "nats")}

    def _log_z(self, model: ModelParts, params: Params) -> tuple[Array, Array]:
        """log Z and its standard error."""
        is_training = self.training_key is not None
        # every term of one step uses the same draws, even if an objective asks for the prior twice
        key = jax.random.key(0) if self.training_key is None else self.training_key
        key = key_for(same_draws(key), Purpose.NORMALISER)
        count = self.num_samples if is_training else self.evaluation_samples
        draws = jax.vmap(_base(model).sample)(jax.random.split(key, count))
        log_a = _log_acceptance(self.network, params["prior"], draws)
        log_z = logsumexp(log_a) - jnp.log(jnp.asarray(count, log_a.dtype))
        relative = jnp.exp(log_a - log_z)
        return log_z, jnp.std(relative) / jnp.sqrt(jnp.asarray(count, log_a.dtype))


def _base(model: ModelParts) -> Normal:
    return Normal(jnp.zeros(model.latent_dim), jnp.ones(model.latent_dim))
