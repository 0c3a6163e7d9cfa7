"""A distribution after rejection with a learned acceptance probability."""

import jax
import jax.numpy as jnp

from jaxvae.distributions import Distribution, Normal
from jaxvae.networks import NetworkLike
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
    network: NetworkLike
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
        return log_acceptance(self.network, self.params, value)

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


def log_acceptance(network: NetworkLike, params: Params, z: Array) -> Array:
    """log a(z) of values `[*batch, D]`, `[*batch]`."""
    flat = z.reshape(-1, z.shape[-1])
    return jax.nn.log_sigmoid(jax.vmap(lambda one: network.apply(params, one, ()))(flat)).reshape(z.shape[:-1])
