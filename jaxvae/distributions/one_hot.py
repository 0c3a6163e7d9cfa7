"""Groups of one-hot vectors, flat in one vector."""

import jax
import jax.numpy as jnp

from jaxvae.distributions.categorical import entropy_of_classes
from jaxvae.distributions.distribution import Distribution, align, check_event
from jaxvae.distributions.support import check_states
from jaxvae.errors import UserError
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key

_IMPOSSIBLE = -1e9  # the logit of a class that is known not to be the one: its probability is 0, its gradient finite


def check_groups(owner: object, dimension: int, num_classes: int, name: str = "the event's last axis") -> None:
    """Check that a vector is made of groups of `num_classes` ≥ 2 entries.

    Raises:
        UserError: if it is not.
    """
    kind = type(owner).__name__
    if num_classes < 2:
        raise UserError(f"{kind}.num_classes must be >= 2, got {num_classes}")
    if dimension % num_classes:
        raise UserError(
            f"{name} must be a multiple of {kind}.num_classes, {num_classes}, got {dimension}: take "
            f"{dimension + num_classes - dimension % num_classes}, or another num_classes"
        )


def as_groups(array: Array, num_classes: int) -> Array:
    """`[*batch, D]` as `[*batch, D / num_classes, num_classes]`."""
    return jnp.reshape(array, (*array.shape[:-1], array.shape[-1] // num_classes, num_classes))


@dataclass
class OneHot(Distribution):
    """Independent one-hot groups, flat in one vector.

    log p(z) = Σ_g Σ_k z_gk log π_gk,  π_g = softmax(logits_g),  z_g in {e_1, …, e_C}

    Args:
        logits: unnormalised log-probabilities, `[*batch, D]`: D / C groups of C classes, one after the other.
        num_classes: C ≥ 2.
        event_ndim: 1: the event is a vector.

    Raises:
        UserError: if D is not a multiple of C.

    Example:
        >>> p = OneHot(jnp.zeros(6), num_classes=3)  # two groups of three equal classes
        >>> float(p.log_prob(jnp.array([0.0, 1.0, 0.0, 1.0, 0.0, 0.0])))  # −2 log 3
        -2.197...
        >>> p.enumerate_support().shape
        (9, 6)
    """

    logits: Array
    num_classes: int
    event_ndim: int = 1

    def __post_init__(self) -> None:
        check_groups(self, self.logits.shape[-1], self.num_classes)

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    @property
    def _log_probs(self) -> Array:
        """log π, `[*batch, D]`."""
        return jax.nn.log_softmax(as_groups(self.logits, self.num_classes)).reshape(self.logits.shape)

    def log_prob(self, value: Array) -> Array:
        """Log-probability of `value`, `[*batch, D]` of zeros and ones, in nats, `[*batch]`."""
        check_event(value, self.logits.shape, 1)
        value, log_probs = align(value, self._log_probs)
        # a class with z_k = 0 adds 0, even if it is impossible
        return jnp.sum(jnp.where(value == 0.0, 0.0, value * jnp.where(value == 0.0, 0.0, log_probs)), axis=-1)

    def sample(self, key: Key) -> Array:
        """A draw of zeros and ones in the dtype of the logits; no gradient passes through it."""
        classes = jax.random.categorical(key, as_groups(self.logits, self.num_classes))
        return jax.nn.one_hot(classes, self.num_classes, dtype=self.logits.dtype).reshape(self.logits.shape)

    @property
    def mean(self) -> Array:
        """The probabilities π, `[*batch, D]`."""
        return jnp.exp(self._log_probs)

    def with_class(self, label: Array) -> "OneHot":
        """The same with the class of the first group known: probability 1 at `label`; with −1 nothing changes.

        >>> OneHot(jnp.zeros(3), 3).with_class(jnp.asarray(2)).mean.tolist()
        [0.0, 0.0, 1.0]
        """
        first, rest = self.logits[..., : self.num_classes], self.logits[..., self.num_classes :]
        known = jnp.where(jnp.arange(self.num_classes) == label, 0.0, _IMPOSSIBLE).astype(first.dtype)
        return OneHot(jnp.concatenate([jnp.where(label < 0, first, known), rest], axis=-1), self.num_classes)

    @property
    def class_log_probs(self) -> Array:
        """log π of the first group, nats, `[*batch, C]`."""
        return jax.nn.log_softmax(self.logits[..., : self.num_classes])

    def enumerate_support(self) -> Array:
        """All C^(D/C) values, `[states, D]`.

        Raises:
            UserError: if there are more than 65,536.
        """
        groups = self.logits.shape[-1] // self.num_classes
        states = self.num_classes**groups
        check_states(self, states)
        classes = jnp.stack(jnp.unravel_index(jnp.arange(states), (self.num_classes,) * groups), axis=-1)
        return jax.nn.one_hot(classes, self.num_classes, dtype=self.logits.dtype).reshape(states, -1)

    def closed_form_entropy(self) -> Array:
        """−Σ_g Σ_k π_gk log π_gk."""
        return jnp.sum(entropy_of_classes(as_groups(self.logits, self.num_classes)), axis=-1)

    def closed_form_kl(self, other: object) -> Array | None:
        """KL to another OneHot: Σ_g Σ_k π_gk (log π_gk − log π'_gk), else None."""
        if type(self) is not OneHot or type(other) is not OneHot or other.num_classes != self.num_classes:
            return None
        log_p, log_q = align(self._log_probs, other._log_probs)
        p = jnp.exp(log_p)
        return jnp.sum(p * jnp.where(p > 0.0, log_p - log_q, 0.0), axis=-1)  # as in Categorical
