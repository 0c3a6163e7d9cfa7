"""A row of a table in which each column has its own distribution."""

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import (
    Distribution,
    IndependentTerms,
    align,
    check_event,
    is_reparameterized,
    is_straight_through,
    score_term,
)
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class Columns(IndependentTerms):
    """Independent columns of different kinds: p(x) = Π_d p_d(x_d) for one row x.

    It is a log-density over the real columns and a log-mass over the discrete ones: compare such numbers only between
    models of the same table.

    Args:
        columns: a distribution for each column, of `event_ndim` 0 and with the same batch axes.
        event_ndim: 1: the event is a row.

    Example:
        >>> from jaxvae.distributions import Bernoulli, Poisson
        >>> row = Columns((Poisson(jnp.ones(()), event_ndim=0), Bernoulli(jnp.zeros(()), event_ndim=0)))
        >>> float(row.log_prob(jnp.array([0.0, 1.0])))  # −1 − log 2
        -1.693...
    """

    columns: tuple[Distribution, ...]
    event_ndim: int = 1

    @property
    def is_reparameterized(self) -> bool:
        """Whether every column is reparameterized."""
        return all(is_reparameterized(column) for column in self.columns)

    @property
    def is_straight_through(self) -> bool:
        """Whether the gradient of any column is that of a relaxed draw."""
        return any(is_straight_through(column) for column in self.columns)

    def log_prob_terms(self, value: Array) -> Array:
        """Log-probability of each column of `value` in nats, `[*batch, columns]`."""
        check_event(value, (len(self.columns),), 1)
        terms = align(*(column.log_prob(value[..., d]) for d, column in enumerate(self.columns)))
        return jnp.stack(jnp.broadcast_arrays(*terms), axis=-1)

    def entropy_terms(self) -> Array | None:
        """The entropy of each column, `[*batch, columns]`, if all have a closed form, else None."""
        terms = [column.closed_form_entropy() for column in self.columns]
        known = [term for term in terms if term is not None]
        return jnp.stack(jnp.broadcast_arrays(*align(*known)), axis=-1) if len(known) == len(terms) else None

    def sample(self, key: Key) -> Array:
        """A draw of each column, `[*batch, columns]`; gradients pass through those that are reparameterized."""
        keys = jax.random.split(key, len(self.columns))
        return jnp.stack([column.sample(key) for column, key in zip(self.columns, keys, strict=True)], axis=-1)

    def score_term(self, value: Array) -> Array:
        """The sum of the score terms of the columns that are not reparameterized, `[*batch]`."""
        terms = [
            score_term(column, value[..., index])
            for index, column in enumerate(self.columns)
            if not is_reparameterized(column)
        ]
        return jnp.sum(jnp.stack(terms), axis=0)

    @property
    def mean(self) -> Array:
        """The mean of each column, `[*batch, columns]`."""
        return jnp.stack([column.mean for column in self.columns], axis=-1)
