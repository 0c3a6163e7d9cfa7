"""Binary data as a product of conditionals."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxvae.distributions.bernoulli import Bernoulli
from jaxvae.distributions.distribution import Distribution, align, check_event, settle, sum_event
from jaxvae.distributions.marginal import Continued
from jaxvae.distributions.transformed import over_batch
from jaxvae.networks import MADE
from jaxvae.networks.made import batch_shape, weight_ndims
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params


@dataclass
class AutoregressiveBernoulli(Distribution):
    """Binary components in an order; the log-odds of each depend on the earlier ones.

    log p(x) = Σ_d log Bernoulli(x_d; sigmoid(logits_d + made(x_1 … x_{d−1})_d)),  x_d in {0, 1}

    The order is that of the flattened event. A density takes one pass, a sample D passes. There is no `mean`: it would
    be a sum over all values. Germain, Gregor, Murray and Larochelle 2015, equation 2.

    Args:
        made: network with one output for each dimension and no context.
        weights: of the network, `[*batch, …]` each.
        logits: `[*batch, *event]`.
        event_ndim: number of trailing axes of `logits` that make one event; by default all of them.

    Example:
        >>> made = MADE(dim=2)
        >>> p = AutoregressiveBernoulli(made, jax.tree.map(jnp.zeros_like, made.init(jax.random.key(0))), jnp.zeros(2))
        >>> float(p.log_prob(jnp.ones(2)))  # −2 log 2
        -1.386...
    """

    made: MADE
    weights: Params
    logits: Array
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "logits")

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    def _over_batch(self, function: Callable[..., Array], outputs: str, value: Array) -> Array:
        """A function of weights, logits and a value for single examples, on flat events with their batch axes."""
        leaves, structure = jax.tree.flatten(self.weights)

        def one(*arrays: Array) -> Array:
            *leaves, logits, value = arrays
            return function(jax.tree.unflatten(structure, leaves), logits, value)

        flat = [array.reshape(*array.shape[: array.ndim - self.event_ndim], -1) for array in (self.logits, value)]
        return over_batch(one, outputs, (*weight_ndims(self.weights), 1, 1), *leaves, *flat)

    def _log_prob(self, weights: Params, logits: Array, x: Array) -> Array:
        return Bernoulli(logits + self.made.apply(weights, x)[0]).log_prob(x)

    def _log_prob_terms(self, weights: Params, logits: Array, x: Array) -> Array:
        return Bernoulli(logits + self.made.apply(weights, x)[0]).log_prob_terms(x)

    def _sample(self, weights: Params, logits: Array, uniform: Array) -> Array:
        def next_dimension(d: Array, x: Array) -> Array:
            probability = jax.nn.sigmoid(logits + self.made.apply(weights, x)[0])
            return jnp.where(jnp.arange(x.size) == d, (uniform < probability).astype(x.dtype), x)

        return jax.lax.fori_loop(0, uniform.size, next_dimension, jnp.zeros_like(uniform))

    def log_prob(self, value: Array) -> Array:
        """Log-probability of `value` in nats, `[*batch]`."""
        check_event(value, self.logits.shape, self.event_ndim)
        return self._over_batch(self._log_prob, "()", jnp.asarray(value, self.logits.dtype))

    def marginal_log_prob(self, value: Array, observed: Array) -> Array:
        """log p of the observed entries, nats, `[*batch]`, for hidden entries that all come last in the order.

        Earlier ones would have to be summed over: `likelihoods.AutoregressiveBernoulli` refuses such data.
        """
        check_event(value, self.logits.shape, self.event_ndim)
        terms = self._over_batch(self._log_prob_terms, "(d)", jnp.asarray(value, self.logits.dtype))
        terms, observed = align(terms.reshape(*terms.shape[:-1], *value.shape[-self.event_ndim :]), observed)
        return sum_event(jnp.where(observed, terms, 0.0), self.event_ndim)

    def sample(self, key: Key) -> Array:
        """A draw of zeros and ones, a dimension at a time, `[*batch, *event]`; no gradient passes through it."""
        uniform = self._noise(key)
        return self._over_batch(self._sample, "(d)", uniform).reshape(uniform.shape)

    def _noise(self, key: Key) -> Array:
        split = self.logits.ndim - self.event_ndim
        batch = jnp.broadcast_shapes(batch_shape(self.weights), self.logits.shape[:split])
        return jax.random.uniform(key, (*batch, *self.logits.shape[split:]), self.logits.dtype)

    def conditional(self, value: Array, observed: Array) -> Continued:
        """The hidden entries given the observed ones, for hidden entries that all come last: the chain goes on."""
        return Continued(self, value, observed, self.event_ndim)

    def sample_given(self, key: Key, value: Array, observed: Array) -> Array:
        """A draw of the entries that are not observed, each given all before it, `[*batch, *event]`."""
        certain = jnp.where(value > 0.5, -1.0, 2.0)  # below every probability, or above: the observed value
        uniform = jnp.where(observed, certain, self._noise(key))
        return self._over_batch(self._sample, "(d)", uniform).reshape(uniform.shape)
