"""The Bernoulli distribution, by its logits."""

import math

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import IndependentTerms, align, check_event, settle, sum_event
from jaxvae.distributions.support import check_states
from jaxvae.fast import bernoulli_log_prob, softplus
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


def smoothed_log_odds(examples: Array) -> Array:
    """Log-odds of a 1 in each dimension of `[n, *event]` examples, by Laplace's rule: log (n₁ + 1) / (n₀ + 1).

    >>> smoothed_log_odds(jnp.array([[1.0, 0.0], [1.0, 1.0]])).tolist()  # log 3, log 1
    [1.098..., 0.0]
    """
    ones = jnp.sum(examples, axis=0)
    return jnp.log(ones + 1.0) - jnp.log(examples.shape[0] - ones + 1.0)


@dataclass
class Bernoulli(IndependentTerms):
    """Independent binary components with probability sigmoid(logits) of a 1.

    log p(x) = Σ_d [ x_d · logits_d − softplus(logits_d) ],  x_d in {0, 1}

    Finite with a finite gradient at any finite logit. A grey x in (0, 1) gives a cross-entropy, which is not a
    log-density: the data loaders refuse it.

    Args:
        logits: log-odds of a 1, `[*batch, *event]`.
        event_ndim: number of trailing axes that make one event; by default all of them.

    Example:
        >>> float(Bernoulli(jnp.zeros(2)).log_prob(jnp.ones(2)))  # −2 log 2
        -1.386...
    """

    logits: Array
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "logits")

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    def log_prob_terms(self, value: Array) -> Array:
        """Log-probability of each component of `value` in nats, `[*batch, *event]`."""
        check_event(value, self.logits.shape, self.event_ndim)
        value, logits = align(value.astype(self.logits.dtype), self.logits)
        return value * logits - softplus(logits)

    def log_prob(self, value: Array) -> Array:
        """Log-probability of `value` in nats, `[*batch]`."""
        check_event(value, self.logits.shape, self.event_ndim)
        value, logits = align(value, self.logits)
        return bernoulli_log_prob(value, logits, self.event_ndim)

    def sample(self, key: Key) -> Array:
        """A draw of zeros and ones in the dtype of the logits; no gradient passes through it."""
        return jax.random.bernoulli(key, self.mean).astype(self.logits.dtype)

    @property
    def mean(self) -> Array:
        """The probability of a 1, sigmoid(logits)."""
        return jax.nn.sigmoid(self.logits)

    def enumerate_support(self) -> Array:
        """All 2^D values, `[states, *event]`.

        Raises:
            UserError: if there are more than 65,536.
        """
        event = self.logits.shape[self.logits.ndim - self.event_ndim :]
        size = math.prod(event)
        check_states(self, 2**size)
        bits = jnp.stack(jnp.unravel_index(jnp.arange(2**size), (2,) * size), axis=-1)
        return bits.astype(self.logits.dtype).reshape(-1, *event)

    def entropy_terms(self) -> Array:
        """softplus(l_d) − p_d l_d = log (1 + e^−|l_d|) + |l_d| (1 − sigmoid(|l_d|))."""
        size = jnp.abs(self.logits)
        finite = jnp.where(jnp.isinf(size), 0.0, size)  # ∞ · 0 is 0 here
        return jnp.log1p(jnp.exp(-size)) + finite * jax.nn.sigmoid(-size)

    def closed_form_kl(self, other: object) -> Array | None:
        """KL to another Bernoulli: Σ_d [ p (l − l') − softplus(l) + softplus(l') ], else None."""
        if type(self) is not Bernoulli or type(other) is not Bernoulli or other.event_ndim != self.event_ndim:
            return None
        logits, other_logits = align(self.logits, other.logits)
        log_normaliser_ratio = softplus(other_logits) - softplus(logits)
        terms = jax.nn.sigmoid(logits) * (logits - other_logits) + log_normaliser_ratio
        return sum_event(jnp.maximum(terms, 0.0), self.event_ndim)  # rounding can leave −1e-8 where the two agree
