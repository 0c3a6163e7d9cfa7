"""The categorical distribution, by its logits: of classes, and of the grey levels of an image."""

import jax
import jax.numpy as jnp

from jaxvae.distributions.discretized_logistic import to_levels
from jaxvae.distributions.distribution import IndependentTerms, check_event, nan_where, settle, sum_event
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


def entropy_of_classes(logits: Array) -> Array:
    """−Σ_c p_c log p_c in nats, p = softmax(logits), `[…, classes]` → `[…]`; a class of probability 0 adds 0."""
    log_p = jax.nn.log_softmax(logits)
    p = jnp.exp(log_p)
    return -jnp.sum(jnp.where(p > 0.0, p * jnp.where(p > 0.0, log_p, 0.0), 0.0), axis=-1)


@dataclass
class Categorical(IndependentTerms):
    """Independent components, each one of `num_classes` classes.

    log p(x) = Σ_d [ logits_{d, x_d} − log Σ_c exp(logits_{d, c}) ]

    Args:
        logits: unnormalised log-probabilities, `[*batch, *event, num_classes]`.
        event_ndim: number of axes before the classes that make one event; by default all of them.

    Example:
        >>> p = Categorical(jnp.zeros((2, 4)))  # two components of four equal classes
        >>> float(p.log_prob(jnp.array([0, 3])))  # −2 log 4
        -2.772...
    """

    logits: Array
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "logits", parameter_ndim=1)

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    def log_prob_terms(self, value: Array) -> Array:
        """Log-probability of each of the class indices `value` (integers) in nats, `[*batch, *event]`."""
        check_event(value, self.logits.shape[:-1], self.event_ndim)
        log_probs = jax.nn.log_softmax(self.logits)
        shape = jnp.broadcast_shapes(value.shape, log_probs.shape[:-1])
        log_probs = jnp.broadcast_to(log_probs, (*shape, log_probs.shape[-1]))
        return jnp.take_along_axis(log_probs, jnp.broadcast_to(value, shape)[..., None], axis=-1)[..., 0]

    def sample(self, key: Key) -> Array:
        """A draw of class indices, `[*batch, *event]` int32; no gradient passes through it."""
        return jax.random.categorical(key, self.logits)

    def entropy_terms(self) -> Array:
        """−Σ_c p_{dc} log p_{dc}."""
        return entropy_of_classes(self.logits)

    def closed_form_kl(self, other: object) -> Array | None:
        """KL to another Categorical: Σ_d Σ_c p_{dc} (log p_{dc} − log p'_{dc}), else None."""
        if type(self) is not Categorical or type(other) is not Categorical or other.event_ndim != self.event_ndim:
            return None
        log_p, log_q = jax.nn.log_softmax(self.logits), jax.nn.log_softmax(other.logits)
        shape = jnp.broadcast_shapes(log_p.shape, log_q.shape)
        log_p, log_q = jnp.broadcast_to(log_p, shape), jnp.broadcast_to(log_q, shape)
        p = jnp.exp(log_p)
        # a class of probability 0 adds 0 to value and gradient, while 0 · (−inf − log q) would be NaN
        log_ratio = jnp.where(p > 0.0, log_p - log_q, 0.0)
        return sum_event(jnp.sum(p * log_ratio, axis=-1), self.event_ndim)


def smoothed_level_frequencies(examples: Array, num_levels: int) -> Array:
    """Log-share of each level g / (num_levels − 1) in each dimension of `[n, *event]` examples, `[*event, levels]`.

    By Laplace's rule, so that no level is impossible: log (n_g + 1) / (n + num_levels).

    >>> jnp.exp(smoothed_level_frequencies(jnp.array([[0.0], [0.0], [0.5]]), 3)).tolist()  # (3, 2, 1) of 6
    [[0.5, 0.333..., 0.166...]]
    """
    levels = to_levels(examples, num_levels)
    count = jax.lax.map(lambda level: jnp.sum(levels == level, axis=0), jnp.arange(num_levels).astype(levels.dtype))
    frequency = (count.astype(levels.dtype) + 1.0) / (examples.shape[0] + num_levels)
    return jnp.moveaxis(jnp.log(frequency), 0, -1)


@dataclass
class CategoricalLevels(IndependentTerms):
    """Independent components, each with one probability for every level of [0, 1].

    P(x) = Π_d softmax(logits_d)_g,  x_d = g / (num_levels − 1): a 256-way softmax a dimension for 8-bit images (van den
    Oord, Kalchbrenner and Kavukcuoglu 2016, section 2.2).

    Args:
        logits: unnormalised log-probabilities, `[*batch, *event, num_levels]`.
        event_ndim: number of axes before the levels that make one event; by default all of them.

    Example:
        >>> float(CategoricalLevels(jnp.zeros((2, 5))).log_prob(jnp.array([0.25, 1.0])))  # −2 log 5
        -3.218...
    """

    logits: Array
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "logits", parameter_ndim=1)

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    def log_prob_terms(self, value: Array) -> Array:
        """Log-probability of each component of `value` in nats, `[*batch, *event]`."""
        check_event(value, self.logits.shape[:-1], self.event_ndim)
        levels = to_levels(jnp.nan_to_num(value), self.logits.shape[-1]).astype(int)
        return nan_where(jnp.isnan(value), Categorical(self.logits, 0).log_prob_terms(levels))

    def sample(self, key: Key) -> Array:
        """A draw of levels as x in [0, 1], `[*batch, *event]`; no gradient passes through it."""
        levels = jax.random.categorical(key, self.logits)
        return levels.astype(self.logits.dtype) / (self.logits.shape[-1] - 1)

    def entropy_terms(self) -> Array:
        """−Σ_g p_{dg} log p_{dg}."""
        return entropy_of_classes(self.logits)

    @property
    def mean(self) -> Array:
        """The mean level as x, `[*batch, *event]`."""
        levels = jnp.linspace(0.0, 1.0, self.logits.shape[-1], dtype=self.logits.dtype)
        return jnp.einsum("...g,g->...", jax.nn.softmax(self.logits), levels)
