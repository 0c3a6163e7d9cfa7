"""Classes as codes 0, 1, 2, … in floats, as the column of a table holds them."""

import jax
import jax.numpy as jnp

from jaxvae.distributions.categorical import Categorical, entropy_of_classes
from jaxvae.distributions.distribution import IndependentTerms, check_event, nan_where, settle
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


def ordinal_log_probs(location: Array, thresholds: Array) -> Array:
    """Log-probabilities of K ordered levels by cumulative logits: P(level ≤ k) = sigmoid(thresholds_k − location).

    McCullagh 1980. The difference of two sigmoids is computed as σ(b) σ(−a) (1 − exp(a − b)); its logarithm is finite
    if the thresholds differ.

    Args:
        location: `[*batch]`.
        thresholds: increasing, `[K − 1]`.

    Returns:
        `[*batch, K]`.

    >>> jnp.exp(ordinal_log_probs(jnp.zeros(()), jnp.array([0.0, jnp.log(3.0)]))).tolist()
    [0.5, 0.25, 0.25]
    """
    edges = thresholds.reshape((1,) * location.ndim + thresholds.shape) - location[..., None]  # [*batch, K − 1]
    below, above = jax.nn.log_sigmoid(edges), jax.nn.log_sigmoid(-edges)
    gaps = jnp.log(-jnp.expm1(thresholds[:-1] - thresholds[1:])).reshape((1,) * location.ndim + (-1,))
    return jnp.concatenate([below[..., :1], below[..., 1:] + above[..., :-1] + gaps, above[..., -1:]], axis=-1)


@dataclass
class CategoricalCodes(IndependentTerms):
    """Independent components, each one of the codes 0, …, K − 1 as floats.

    log p(x) = Σ_d [ logits_{d, x_d} − log Σ_c exp(logits_{d, c}) ]

    Other values have no mass: the data loader refuses them, and here they count as the nearest code.

    Args:
        logits: unnormalised log-probabilities, `[*batch, *event, K]`.
        event_ndim: number of axes before the codes that make one event; by default all of them.

    Example:
        >>> float(CategoricalCodes(jnp.zeros((2, 4))).log_prob(jnp.array([0.0, 3.0])))  # −2 log 4
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
        """Log-probability of each component of `value` in nats, `[*batch, *event]`."""
        check_event(value, self.logits.shape[:-1], self.event_ndim)
        codes = jnp.clip(jnp.round(jnp.nan_to_num(value)), 0, self.logits.shape[-1] - 1).astype(int)
        return nan_where(jnp.isnan(value), Categorical(self.logits, 0).log_prob_terms(codes))

    def sample(self, key: Key) -> Array:
        """A draw of codes in the dtype of the logits; no gradient passes through it."""
        return jax.random.categorical(key, self.logits).astype(self.logits.dtype)

    def entropy_terms(self) -> Array:
        """−Σ_c p_{dc} log p_{dc}."""
        return entropy_of_classes(self.logits)

    @property
    def mean(self) -> Array:
        """The mean code Σ_c c · p_c: an average for ordered levels, without meaning for unordered classes."""
        codes = jnp.arange(self.logits.shape[-1]).astype(self.logits.dtype)
        return jnp.einsum("...c,c->...", jax.nn.softmax(self.logits), codes)
