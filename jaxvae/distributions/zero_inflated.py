"""Any distribution of counts with extra zeros."""

import dataclasses

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import Distribution, IndependentTerms, align, check_event
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class ZeroInflated(IndependentTerms):
    """Independent counts, each 0 with an extra probability π = sigmoid(logits), else from `base`.

    p(x) = Π_d [ π_d 1(x_d = 0) + (1 − π_d) base_d(x_d) ]

    Lambert 1992, for the Poisson.

    Args:
        logits: log-odds of an extra zero, broadcast to the components of `base`.
        base: independent counts (Poisson, NegativeBinomial, BetaBinomial, or Levels of them).
        event_ndim: number of trailing axes that make one event; by default all of them.

    Example:
        >>> from jaxvae.distributions import Poisson
        >>> float(ZeroInflated(jnp.zeros(1), Poisson(jnp.ones(1))).log_prob(jnp.zeros(1)))  # log (½ + ½ / e)
        -0.379...
    """

    logits: Array
    base: Distribution
    event_ndim: int = -1

    def __post_init__(self) -> None:
        components = self.base.mean
        logits, _ = align(jnp.asarray(self.logits, components.dtype), components)
        object.__setattr__(self, "logits", jnp.broadcast_to(logits, components.shape))
        object.__setattr__(self, "base", dataclasses.replace(self.base, event_ndim=0))  # type: ignore[type-var]
        if self.event_ndim < 0:
            object.__setattr__(self, "event_ndim", components.ndim)

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    def log_prob_terms(self, value: Array) -> Array:
        """Log-probability of each component of `value` in nats, `[*batch, *event]`."""
        check_event(value, self.logits.shape, self.event_ndim)
        value, logits, log_base = align(value, self.logits, self.base.log_prob(value))
        counted = log_base - jax.nn.softplus(logits)  # log (1 − π) = −softplus(logits)
        return jnp.where(value == 0.0, jnp.logaddexp(-jax.nn.softplus(-logits), counted), counted)

    def sample(self, key: Key) -> Array:
        """A draw of counts in the dtype of the base; no gradient passes through it."""
        zero_key, count_key = jax.random.split(key)
        is_extra = jax.random.bernoulli(zero_key, jax.nn.sigmoid(self.logits))
        return jnp.where(is_extra, 0.0, self.base.sample(count_key))

    @property
    def mean(self) -> Array:
        """The mean, (1 − π) · base's."""
        return jax.nn.sigmoid(-self.logits) * self.base.mean
