"""Relaxed one-hot and binary vectors, by their log-probabilities and log-odds."""

import math

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from jaxvae.distributions.distribution import Distribution, IndependentTerms, align, check_event, settle
from jaxvae.distributions.one_hot import as_groups, check_groups
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class Concrete(Distribution):
    """Relaxed one-hot groups (Concrete, Gumbel-softmax), flat in one vector, by their log-probabilities u.

    y_g = softmax(u_g) on the simplex,  u_g = log softmax((logits_g + G) / τ_g),  G_k ~ Gumbel(0, 1)

    log p(u) = Σ_g [ log Γ(C) + (C − 1) log τ + Σ_k (log α_k − τ u_k) − C log Σ_k α_k e^(−τ u_k) ],  α = e^logits

    A value is u, not y: a y near a corner rounds to 0, its logarithm does not. The density is over the C − 1 log-ratios
    log y_k / y_C of each group, so a constant added to a group's u does not change it. It is the density of y times Π_k
    y_k. Maddison, Mnih and Teh 2017, appendix C.3 (ExpConcrete); Jang, Gu and Poole 2017.

    Args:
        logits: unnormalised log-probabilities of the corners, `[*batch, D]`: D / C groups of C classes.
        temperature: τ > 0, a number or one for each group, `[*batch, D / C]`.
        num_classes: C ≥ 2.
        event_ndim: 1: the event is a vector.

    Raises:
        UserError: if D is not a multiple of C.

    Example:
        >>> p = Concrete(jnp.zeros(2), 1.0, num_classes=2)  # y is uniform on the segment
        >>> y = jnp.array([0.2, 0.8])
        >>> round(float(jnp.exp(p.log_prob(jnp.log(y)) - jnp.sum(jnp.log(y)))), 5)
        1.0
    """

    logits: Array
    temperature: Array
    num_classes: int
    event_ndim: int = 1

    def __post_init__(self) -> None:
        dimension = self.logits.shape[-1]
        check_groups(self, dimension, self.num_classes)
        logits, temperature = align(self.logits, jnp.asarray(self.temperature, self.logits.dtype))
        batch = jnp.broadcast_shapes(logits.shape[:-1], temperature.shape[:-1])
        object.__setattr__(self, "logits", jnp.broadcast_to(logits, (*batch, dimension)))
        groups = dimension // self.num_classes
        object.__setattr__(self, "temperature", jnp.broadcast_to(temperature, (*batch, groups)))

    def log_prob(self, value: Array) -> Array:
        """Log-density of the log-probabilities `value` in nats, `[*batch]`."""
        check_event(value, self.logits.shape, 1)
        log_alpha = jax.nn.log_softmax(as_groups(self.logits, self.num_classes))
        u, log_alpha, tau = align(as_groups(value, self.num_classes), log_alpha, self.temperature[..., None])
        d = log_alpha - tau * u
        terms = jnp.sum(d - logsumexp(d, axis=-1, keepdims=True), axis=-1)
        constant = math.lgamma(self.num_classes) + (self.num_classes - 1) * jnp.log(tau[..., 0])
        return jnp.sum(terms + constant, axis=-1)

    def sample(self, key: Key) -> Array:
        """Reparameterized draw log softmax((logits + G) / τ); gradients pass through it."""
        logits = as_groups(self.logits, self.num_classes)
        noise = jax.random.gumbel(key, logits.shape, logits.dtype)
        return jax.nn.log_softmax((logits + noise) / self.temperature[..., None]).reshape(self.logits.shape)

    def relaxed(self, value: Array) -> Array:
        """y = softmax(u) of each group: the relaxed one-hot vectors of a value."""
        return softmax_of_groups(value, self.num_classes)

    def corner(self, value: Array) -> Array:
        """The one-hot vector nearest to `value`; for a draw it is a draw of `OneHot(logits)`."""
        largest = jnp.argmax(as_groups(value, self.num_classes), axis=-1)
        return jax.nn.one_hot(largest, self.num_classes, dtype=value.dtype).reshape(value.shape)


@dataclass
class BinaryConcrete(IndependentTerms):
    """Relaxed binary components, by their log-odds u.

    y = sigmoid(u) in (0, 1),  u = (logits + L) / τ,  L ~ Logistic(0, 1)

    log p(u) = Σ_d [ log τ + log sigmoid(t) + log sigmoid(−t) ],  t = τ u − logits

    A value is u, not y: a y near 0 or 1 rounds to 0 or 1, its log-odds do not. The density of u is the density of y
    times y (1 − y). Maddison, Mnih and Teh 2017, appendix B.

    Args:
        logits: log-odds of the corner 1, `[*batch, *event]`.
        temperature: τ > 0, broadcast against `logits`.
        event_ndim: number of trailing axes that make one event; by default all of them.

    Example:
        >>> p, y = BinaryConcrete(jnp.zeros(3), 1.0), jnp.array([0.2, 0.3, 0.9])  # y is uniform on the cube
        >>> log_odds = jnp.log(y) - jnp.log1p(-y)
        >>> round(float(jnp.exp(p.log_prob(log_odds) - jnp.sum(jnp.log(y * (1.0 - y))))), 5)
        1.0
    """

    logits: Array
    temperature: Array
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "logits", "temperature")

    def log_prob_terms(self, value: Array) -> Array:
        """Log-density of each of the log-odds `value` in nats, `[*batch, *event]`."""
        check_event(value, self.logits.shape, self.event_ndim)
        u, logits, temperature = align(value, self.logits, self.temperature)
        t = temperature * u - logits
        return jnp.log(temperature) + jax.nn.log_sigmoid(t) + jax.nn.log_sigmoid(-t)

    def sample(self, key: Key) -> Array:
        """Reparameterized draw (logits + L) / τ; gradients pass through it."""
        noise = jax.random.logistic(key, self.logits.shape, self.logits.dtype)
        return (self.logits + noise) / self.temperature

    def entropy_terms(self) -> Array:
        """2 − log τ: u is logistic."""
        return jnp.broadcast_to(2.0 - jnp.log(self.temperature), self.logits.shape)

    @property
    def mean(self) -> Array:
        """E[u] = logits / τ."""
        return self.logits / self.temperature

    def relaxed(self, value: Array) -> Array:
        """y = sigmoid(u): the relaxed binary vector of a value."""
        return jax.nn.sigmoid(value)

    def corner(self, value: Array) -> Array:
        """The binary vector nearest to `value`; for a draw it is a draw of `Bernoulli(logits)`."""
        return (value > 0.0).astype(value.dtype)


def softmax_of_groups(value: Array, num_classes: int) -> Array:
    """softmax of each group of `num_classes` entries of a vector, `[*batch, D]`."""
    return jax.nn.softmax(as_groups(value, num_classes)).reshape(value.shape)
