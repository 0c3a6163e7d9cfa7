"""Two independent distributions over the two parts of one vector."""

import dataclasses
import functools
import operator
from typing import Any

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import (
    Distribution,
    SupportsSampleAndLogProb,
    align,
    is_reparameterized,
    is_straight_through,
    per_dimension,
    sample_and_log_prob,
    score_term,
)
from jaxvae.distributions.entropy import closed_form_entropy
from jaxvae.distributions.kl import closed_form_kl
from jaxvae.distributions.normal import Normal
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class Joined(Distribution):
    """Independent parts of one vector: p(z) = p₁(z₁, …, z_n) p₂(z_{n+1}, …).

    Args:
        first: over vectors of `split` dimensions.
        second: over the vectors of the other dimensions, with the same batch axes.
        split: n.
        event_ndim: 1: the event is a vector.

    Example:
        >>> ones = Normal(jnp.zeros(1), jnp.ones(1))
        >>> float(Joined(ones, ones, split=1).log_prob(jnp.zeros(2)))  # −log 2π
        -1.837...
    """

    first: Any
    second: Any
    split: int
    event_ndim: int = 1

    @property
    def has_independent_components(self) -> bool:
        """Whether both parts have independent components."""
        return per_dimension(self.first) is not None and per_dimension(self.second) is not None

    @property
    def is_reparameterized(self) -> bool:
        """Whether both parts are reparameterized."""
        return is_reparameterized(self.first) and is_reparameterized(self.second)

    @property
    def is_straight_through(self) -> bool:
        """Whether the gradient of any part is that of a relaxed draw."""
        return is_straight_through(self.first) or is_straight_through(self.second)

    def log_prob(self, value: Array) -> Array:
        """Log-density of `value` in nats, `[*batch]`."""
        first, second = value[..., : self.split], value[..., self.split :]
        return self._together(self.first.log_prob(first), self.second.log_prob(second))

    def by_dimension(self) -> "Joined":
        """The same with one event a dimension, for parts whose dimensions are independent."""
        return dataclasses.replace(
            self, first=per_dimension(self.first), second=per_dimension(self.second), event_ndim=0
        )

    def _together(self, first: Array, second: Array) -> Array:
        """The sum of two numbers, or for numbers of each dimension all of them side by side."""
        if self.event_ndim == 1:
            return _sum(first, second)
        first, second = align(first, second)
        batch = jnp.broadcast_shapes(first.shape[:-1], second.shape[:-1])
        return jnp.concatenate([jnp.broadcast_to(part, (*batch, part.shape[-1])) for part in (first, second)], axis=-1)

    def sample(self, key: Key) -> Array:
        """A draw of each part; gradients pass through those that are reparameterized."""
        first_key, second_key = jax.random.split(key)
        return jnp.concatenate([self.first.sample(first_key), self.second.sample(second_key)], axis=-1)

    def sample_and_log_prob(self, key: Key) -> tuple[Array, Array]:
        """A draw and its log-density, by the parts' own joint methods if they have one."""
        first_key, second_key = jax.random.split(key)
        first, first_log_prob = sample_and_log_prob(first_key, self.first)
        second, second_log_prob = sample_and_log_prob(second_key, self.second)
        return jnp.concatenate([first, second], axis=-1), self._together(first_log_prob, second_log_prob)

    def score_term(self, value: Array) -> Array:
        """The score-function terms of the parts that are not reparameterized, `[*batch]`."""
        parts = ((self.first, value[..., : self.split]), (self.second, value[..., self.split :]))
        return _sum(*(score_term(part, its_value) for part, its_value in parts if not is_reparameterized(part)))

    @property
    def mean(self) -> Array:
        """The means of the parts, `[*batch, D]`."""
        return jnp.concatenate([self.first.mean, self.second.mean], axis=-1)

    def closed_form_entropy(self) -> Array | None:
        """The sum over the parts if both have a closed form, else None."""
        first, second = closed_form_entropy(self.first), closed_form_entropy(self.second)
        return None if first is None or second is None else self._together(first, second)

    def closed_form_kl(self, other: object) -> Array | None:
        """The sum over the parts, if both have a closed form, to a Joined of the same split or a Normal of vectors."""
        if type(other) is Normal and other.event_ndim == self.event_ndim:
            loc, scale, n = other.loc, other.scale, self.split
            parts = [Normal(loc[..., part], scale[..., part], self.event_ndim) for part in (slice(n), slice(n, None))]
        elif type(other) is Joined and (other.split, other.event_ndim) == (self.split, self.event_ndim):
            parts = [other.first, other.second]
        else:
            return None
        first, second = closed_form_kl(self.first, parts[0]), closed_form_kl(self.second, parts[1])
        return None if first is None or second is None else self._together(first, second)


def _sum(*terms: Array) -> Array:
    return functools.reduce(operator.add, align(*terms))


def with_noise(distribution: SupportsSampleAndLogProb, dim: int, noise_dim: int) -> Distribution:
    """Append `noise_dim` standard normal dimensions to a distribution over ONE vector of `dim` dimensions.

    A Normal stays a Normal and keeps its closed forms.
    """
    noise = Normal(jnp.zeros(noise_dim), jnp.ones(noise_dim))
    if type(distribution) is Normal:
        loc, scale = jnp.concatenate([distribution.loc, noise.loc]), jnp.concatenate([distribution.scale, noise.scale])
        return Normal(loc, scale, event_ndim=1)
    return Joined(distribution, noise, dim)
