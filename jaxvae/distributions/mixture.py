"""A mixture of distributions of one family."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from jaxvae.distributions.distribution import Distribution, align, is_reparameterized, is_straight_through
from jaxvae.distributions.marginal import conditional, marginal_log_prob
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class Mixture(Distribution):
    """A choice among K distributions of one family: p(x) = Σ_k π_k p_k(x),  π = softmax(logits).

    The components are ONE distribution whose arrays have an axis of size K after the batch axes. It can be any pytree
    of arrays; `vmap` builds it in this form.

    The gradient of an expectation is exact. It passes through a draw to the chosen component if its family is
    reparameterized. The rest (the choice, or everything) is the score-function term `score_term`.

    Args:
        logits: unnormalised log-weights, `[*batch, K]`; −inf leaves a component out.
        components: the K distributions; all arrays `[*batch, K, ...]`.
        event_ndim: number of trailing axes that make one event; by default that of the components.

    Raises:
        ValueError: if an array of the components does not start with the axes of the logits.

    Example:
        >>> from jaxvae.distributions import Normal
        >>> halves = jax.vmap(lambda loc: Normal(loc, 1.0))(jnp.array([[-1.0], [1.0]]))
        >>> float(Mixture(jnp.zeros(2), halves).log_prob(jnp.zeros(1)))  # log N(1; 0, 1)
        -1.418...
    """

    logits: Array
    components: Any
    event_ndim: int = -1

    def __post_init__(self) -> None:
        shape = jnp.shape(self.logits)
        for leaf in jax.tree.leaves(self.components):
            if jnp.shape(leaf)[: len(shape)] != shape:
                raise ValueError(
                    f"every array of a mixture's components must start with the axes of its logits {shape}, got shape "
                    f"{jnp.shape(leaf)}: build the components by jax.vmap"
                )
        if self.event_ndim < 0:
            object.__setattr__(self, "event_ndim", getattr(self.components, "event_ndim", -1))

    @property
    def _axis(self) -> int:
        return self.logits.ndim - 1  # of the components, in every one of their arrays

    @property
    def is_reparameterized(self) -> bool:
        """False, because no gradient passes through the choice."""
        return False

    @property
    def is_straight_through(self) -> bool:
        """Whether the gradient of the components is that of a relaxed draw."""
        return is_straight_through(self.components)

    def log_prob(self, value: Array) -> Array:
        """Log-density of `value` in nats, `[*batch]`."""
        return self._mixed(lambda one: one.log_prob(value))

    def _mixed(self, log_prob: Callable[[Any], Array]) -> Array:
        """log Σ_k π_k exp(log_prob of component k), `[*batch]`."""
        each = jax.vmap(log_prob, in_axes=self._axis, out_axes=-1)(self.components)
        each, log_weights = align(each, jax.nn.log_softmax(self.logits))
        return logsumexp(log_weights + each, axis=-1)

    def responsibilities(self, value: Array) -> Array:
        """The probability of each component given `value`, `[*batch, K]`: p(k|x) = π_k p_k(x) / p(x).

        >>> from jaxvae.distributions import Normal
        >>> halves = jax.vmap(lambda loc: Normal(loc, 1.0))(jnp.array([[-1.0], [1.0]]))
        >>> Mixture(jnp.zeros(2), halves).responsibilities(jnp.zeros(1)).tolist()
        [0.5, 0.5]
        """
        each = jax.vmap(lambda one: one.log_prob(value), in_axes=self._axis, out_axes=-1)(self.components)
        each, log_weights = align(each, jax.nn.log_softmax(self.logits))
        return jax.nn.softmax(log_weights + each, axis=-1)

    def marginal_log_prob(self, value: Array, observed: Array) -> Array:
        """log p of the observed entries, nats, `[*batch]`: the mixture of the components' own marginals.

        Raises:
            NoMarginalError: if the components have none.
        """
        return self._mixed(lambda one: marginal_log_prob(one, value, observed))

    def conditional(self, value: Array, observed: Array) -> "Mixture":
        """The hidden entries given the observed ones: π_k ∝ π_k p_k(x_observed), and each component's own conditional.

        Raises:
            NoMarginalError: if the components have none.
        """
        each = jax.vmap(lambda one: marginal_log_prob(one, value, observed), in_axes=self._axis, out_axes=-1)
        log_weights, seen = align(jax.nn.log_softmax(self.logits), each(self.components))
        given = jax.vmap(lambda one: conditional(one, value, observed), in_axes=self._axis, out_axes=self._axis)
        return Mixture(log_weights + seen, given(self.components), self.event_ndim)

    def sample(self, key: Key) -> Array:
        """A draw from a random component; gradients pass to that component if its family is reparameterized."""
        choice_key, sample_key = jax.random.split(key)
        choice = jax.random.categorical(choice_key, self.logits)[..., None]
        is_chosen = choice == jnp.arange(self.logits.shape[-1]).reshape((1,) * (choice.ndim - 1) + (-1,))

        def pick(leaf: Array) -> Array:
            """The value of the chosen component, by a sum: an index is not allowed in a mesh with explicit axes."""
            chosen = is_chosen.reshape(is_chosen.shape + (1,) * (leaf.ndim - is_chosen.ndim))
            return jnp.sum(jnp.where(chosen, leaf, jnp.zeros_like(leaf)), axis=self._axis)

        value = jax.tree.map(pick, self.components).sample(sample_key)
        return value if is_reparameterized(self.components) else jax.lax.stop_gradient(value)

    def score_term(self, value: Array) -> Array:
        """log p(value), as a function of the weights only if the components are reparameterized, `[*batch]`.

        E[∇ log π_k | x] = ∇_logits log p(x): the score of the choice, averaged over the components x may come from.
        """
        chosen = jax.lax.stop_gradient(self.components) if is_reparameterized(self.components) else self.components
        return Mixture(self.logits, chosen, self.event_ndim).log_prob(jax.lax.stop_gradient(value))

    @property
    def mean(self) -> Array:
        """Σ_k π_k E_k[x], `[*batch, *event]`.

        Raises:
            NotImplementedError: if the components have no mean.
        """
        means = jax.vmap(lambda one: one.mean, in_axes=self._axis, out_axes=self._axis)(self.components)
        weights = jax.nn.softmax(self.logits)
        return jnp.sum(weights.reshape(weights.shape + (1,) * (means.ndim - weights.ndim)) * means, axis=self._axis)
