"""Relaxed discrete distributions: densities on the simplex and the cube that tend to one-hot and binary vectors."""

import math

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from jaxvae.distributions.distribution import Distribution, align, check_event, settle, sum_event
from jaxvae.distributions.one_hot import as_groups, check_groups
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key

# What rounds to 0 is scored as this: 1 / SMALLEST, which the gradient holds, stays in the range of float32.
SMALLEST = 1e-30


@dataclass
class Concrete(Distribution):
    """Relaxed one-hot groups (Concrete, Gumbel-softmax), flat in one vector: each group lives on the simplex.

    y_g = softmax((logits_g + G) / τ_g),  G_k ~ Gumbel(0, 1)

    log p(y) = Σ_g [ log Γ(C) + (C − 1) log τ + Σ_k (log α_k − (τ + 1) log y_k) − C log Σ_k α_k y_k^(−τ) ]

    with α = e^logits. The density is by the first C − 1 coordinates of each group (the last is 1 minus their sum).
    Maddison, Mnih and Teh 2017, equation 10; Jang, Gu and Poole 2017, equation 1.

    Entries far below 1 round to 0, where the density is infinite or 0. `sample_and_log_prob` takes the density from
    log y before it is rounded, so log q of a draw is exact at any temperature; `log_prob` scores what is below 1e-30
    as 1e-30. A bound that subtracts such a log q and adds such a log p is one of the model whose prior density is level
    within 1e-30 of the simplex's border, which differs from the model by no more than its mass there. Estimators that
    score a draw by `log_prob` (`detach_posterior`) lose this where a posterior is sharp enough to round.

    Args:
        logits: unnormalised log-probabilities of the corners, `[*batch, D]`: D / C groups of C classes.
        temperature: τ > 0, a number or one for each group, `[*batch, D / C]`.
        num_classes: C ≥ 2.
        event_ndim: 1: the event is a vector.

    Raises:
        UserError: if D is not a multiple of C.

    Example:
        >>> p = Concrete(jnp.zeros(2), 1.0, num_classes=2)  # uniform on the segment
        >>> round(float(jnp.exp(p.log_prob(jnp.array([0.2, 0.8])))), 5)
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
        """Log-density of `value` in nats, `[*batch]`."""
        check_event(value, self.logits.shape, 1)
        return self._log_density(jnp.log(jnp.maximum(as_groups(value, self.num_classes), SMALLEST)))

    def sample(self, key: Key) -> Array:
        """Reparameterized draw softmax((logits + G) / τ); gradients pass through it."""
        return jnp.exp(self._sample_log(key)).reshape(self.logits.shape)

    def sample_and_log_prob(self, key: Key) -> tuple[Array, Array]:
        """A draw and its log-density, of log y before it is rounded to y."""
        log_y = self._sample_log(key)
        return jnp.exp(log_y).reshape(self.logits.shape), self._log_density(log_y)

    def corner(self, value: Array) -> Array:
        """The one-hot vector nearest to `value`: that of a draw is a draw of `OneHot(logits)`."""
        largest = jnp.argmax(as_groups(value, self.num_classes), axis=-1)
        return jax.nn.one_hot(largest, self.num_classes, dtype=value.dtype).reshape(value.shape)

    def _sample_log(self, key: Key) -> Array:
        """log y, `[*batch, D / C, C]`."""
        logits = as_groups(self.logits, self.num_classes)
        noise = jax.random.gumbel(key, logits.shape, logits.dtype)
        return jax.nn.log_softmax((logits + noise) / self.temperature[..., None])

    def _log_density(self, log_y: Array) -> Array:
        """The log-density of y from log y, `[*batch, D / C, C]`."""
        log_alpha = jax.nn.log_softmax(as_groups(self.logits, self.num_classes))
        log_y, log_alpha, tau = align(log_y, log_alpha, self.temperature[..., None])
        terms = jnp.sum(log_alpha - (tau + 1.0) * log_y, axis=-1)
        terms = terms - self.num_classes * logsumexp(log_alpha - tau * log_y, axis=-1)
        constant = math.lgamma(self.num_classes) + (self.num_classes - 1) * jnp.log(tau[..., 0])
        return jnp.sum(terms + constant, axis=-1)


@dataclass
class BinaryConcrete(Distribution):
    """Relaxed binary components: each lives in (0, 1).

    y = sigmoid(u),  u = (logits + L) / τ,  L ~ Logistic(0, 1)

    log p(y) = Σ_d [ log τ + log σ(t) + log σ(−t) − log y − log(1 − y) ],  t = τ u − logits,  u = log y / (1 − y)

    Maddison, Mnih and Teh 2017, appendix B. `sample_and_log_prob` takes the density from u before y is rounded, so log
    q of a draw is exact at any temperature; `log_prob` scores what rounds to 0 or 1 as the nearest number between them
    at a distance of the dtype's resolution.

    Args:
        logits: log-odds of the corner 1, `[*batch, *event]`.
        temperature: τ > 0, broadcast against `logits`.
        event_ndim: number of trailing axes that make one event; by default all of them.

    Example:
        >>> float(BinaryConcrete(jnp.zeros(3), 1.0).log_prob(jnp.array([0.2, 0.3, 0.9])))  # uniform on the cube
        0.0
    """

    logits: Array
    temperature: Array
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "logits", "temperature")

    def log_prob(self, value: Array) -> Array:
        """Log-density of `value` in nats, `[*batch]`."""
        check_event(value, self.logits.shape, self.event_ndim)
        margin = float(jnp.finfo(value.dtype).eps)
        value = jnp.clip(value, margin, 1.0 - margin)
        return self._log_density(jnp.log(value) - jnp.log1p(-value))

    def sample(self, key: Key) -> Array:
        """Reparameterized draw sigmoid((logits + L) / τ); gradients pass through it."""
        return jax.nn.sigmoid(self._sample_logit(key))

    def sample_and_log_prob(self, key: Key) -> tuple[Array, Array]:
        """A draw and its log-density, of u before it is rounded to y."""
        u = self._sample_logit(key)
        return jax.nn.sigmoid(u), self._log_density(u)

    def corner(self, value: Array) -> Array:
        """The binary vector nearest to `value`: that of a draw is a draw of `Bernoulli(logits)`."""
        return (value > 0.5).astype(value.dtype)

    def _sample_logit(self, key: Key) -> Array:
        noise = jax.random.logistic(key, self.logits.shape, self.logits.dtype)
        return (self.logits + noise) / self.temperature

    def _log_density(self, u: Array) -> Array:
        """The log-density of y from its log-odds u."""
        u, logits, temperature = align(u, self.logits, self.temperature)
        t = temperature * u - logits
        log_logistic = jax.nn.log_sigmoid(t) + jax.nn.log_sigmoid(-t)
        log_jacobian = jax.nn.log_sigmoid(u) + jax.nn.log_sigmoid(-u)
        return sum_event(jnp.log(temperature) + log_logistic - log_jacobian, self.event_ndim)
