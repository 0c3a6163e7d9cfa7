"""Classes in an order: a probability as a product of conditionals."""

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import Distribution, check_event
from jaxvae.distributions.transformed import over_batch
from jaxvae.networks import MADE
from jaxvae.networks.made import batch_shape, weight_ndims
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class AutoregressiveCategorical(Distribution):
    """S class indices, each with probabilities that depend on the earlier ones.

    log p(c) = Σ_s log softmax(made(c_1 … c_(s−1))_s)_(c_s), every earlier class as a one-hot vector

    A probability takes one pass, a sample S passes. If the network puts out zeros, all classes are equally likely. One
    masked network: Germain et al. 2015; over codes: van den Oord et al. 2017, section 3.3.

    Args:
        made: network with `num_inputs` and `num_outputs` both the number of classes, and no context.
        weights: of the network, `[*batch, …]` each.
        event_ndim: 1: the event is a vector of integers.

    Example:
        >>> made = MADE(dim=3, num_inputs=4, num_outputs=4)
        >>> p = AutoregressiveCategorical(made, jax.tree.map(jnp.zeros_like, made.init(jax.random.key(0))))
        >>> float(p.log_prob(jnp.array([0, 3, 1])))  # −3 log 4
        -4.158...
    """

    made: MADE
    weights: Params
    event_ndim: int = 1

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    @property
    def _shape(self) -> Shape:
        """`[*batch, S]`."""
        return (*batch_shape(self.weights), self.made.dim)

    def _logits(self, weights: Params, classes: Array) -> Array:
        """Logits for one vector of class indices, `[num_classes, S]`."""
        dtype = jax.tree.leaves(weights)[0].dtype
        return self.made.apply(weights, jax.nn.one_hot(classes, self.made.num_inputs, dtype=dtype).reshape(-1))

    def log_prob(self, value: Array) -> Array:
        """Log-probability of the class indices `value` (integers, `[*batch, S]`) in nats, `[*batch]`."""
        check_event(value, self._shape, 1)
        leaves, structure = jax.tree.flatten(self.weights)

        def one(*arrays: Array) -> Array:
            classes = arrays[-1]
            logits = self._logits(jax.tree.unflatten(structure, arrays[:-1]), classes)
            return jnp.sum(jnp.take_along_axis(jax.nn.log_softmax(logits, axis=0), classes[None], axis=0))

        return over_batch(one, "()", (*weight_ndims(self.weights), 1), *leaves, value)

    def sample(self, key: Key) -> Array:
        """A draw of class indices, one after the other, `[*batch, S]` int32; no gradient passes through it."""
        leaves, structure = jax.tree.flatten(self.weights)
        shape = self._shape
        gumbel = jax.random.gumbel(key, (*shape[:-1], self.made.num_outputs, shape[-1]), leaves[0].dtype)

        def one(*arrays: Array) -> Array:
            *weights, gumbel, start = arrays

            def next_class(s: Array, classes: Array) -> Array:
                logits = self._logits(jax.tree.unflatten(structure, weights), classes)
                chosen = jnp.argmax(logits + gumbel, axis=0).astype(classes.dtype)
                return jnp.where(jnp.arange(classes.size) == s, chosen, classes)

            return jax.lax.fori_loop(0, start.size, next_class, start)

        return over_batch(one, "(d)", (*weight_ndims(self.weights), 2, 1), *leaves, gumbel, jnp.zeros(shape, jnp.int32))
