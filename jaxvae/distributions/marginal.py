"""A part of an event: the density of its observed entries, and what the hidden ones are given these."""

from typing import Any

from jaxvae.distributions.distribution import Distribution, SupportsSampleAndLogProb, is_reparameterized
from jaxvae.errors import UserError
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


class NoMarginalError(UserError):
    """A density of an event that does not give the density of a part of it."""

    def __init__(self, distribution: object) -> None:
        super().__init__(
            f"{type(distribution).__name__} has no density of some entries alone, so that none may be hidden: take a "
            f"likelihood of independent entries (`likelihood=Normal()`, `likelihood=Bernoulli()`), or define "
            f"`marginal_log_prob(value, observed)` and `conditional(value, observed)`"
        )


def marginal_log_prob(distribution: SupportsSampleAndLogProb, value: Array, observed: Array) -> Array:
    """log p of the observed entries of `value`, the hidden ones integrated out, nats, `[*batch]`.

    log p(x_observed) = log ∫ p(x) dx_hidden

    Args:
        distribution: over the whole event.
        value: `[*batch, *event]`; hidden entries must be in the support, and are not used.
        observed: which entries count, bool, `[*event]` or with the batch axes.

    Raises:
        NoMarginalError: if the family has no such density in closed form.

    >>> import jax.numpy as jnp
    >>> from jaxvae.distributions import Normal
    >>> one = Normal(jnp.zeros(2), jnp.ones(2))
    >>> float(marginal_log_prob(one, jnp.array([0.0, 9.0]), jnp.array([True, False])))  # −½ log 2π
    -0.918...
    """
    own = getattr(distribution, "marginal_log_prob", None)
    if own is None:
        raise NoMarginalError(distribution)
    return own(value, observed)


def conditional(distribution: Any, value: Array, observed: Array) -> Any:
    """The distribution of the hidden entries given the observed ones, p(x_hidden | x_observed).

    It is over the whole event and has `sample`, and `mean` where that is known; its observed entries are not to be
    used.

    Args:
        distribution: over the whole event.
        value: `[*batch, *event]`; hidden entries must be in the support, and are not used.
        observed: which entries were seen, bool, `[*event]`.

    Raises:
        NoMarginalError: if the family does not define it.

    >>> import jax.numpy as jnp
    >>> from jaxvae.distributions import MultivariateNormal
    >>> half = MultivariateNormal(jnp.zeros(2), jnp.array([[1.0, 0.0], [0.6, 0.8]]))  # a correlation of 0.6
    >>> float(conditional(half, jnp.array([2.0, 0.0]), jnp.array([True, False])).mean[1])
    1.2000...
    """
    own = getattr(distribution, "conditional", None)
    if own is None:
        raise NoMarginalError(distribution)
    return own(value, observed)


@dataclass
class Continued(Distribution):
    """A distribution in which entries follow from earlier ones, with the observed entries held: it has draws alone.

    Args:
        distribution: over the whole event, with `sample_given(key, value, observed)`.
        value: of the observed entries, `[*batch, *event]`.
        observed: which entries were seen, bool, `[*event]`.
        event_ndim: of the distribution.
    """

    distribution: Any
    value: Array
    observed: Array
    event_ndim: int

    @property
    def is_reparameterized(self) -> bool:
        """As the distribution."""
        return is_reparameterized(self.distribution)

    def log_prob(self, value: Array) -> Array:
        """log p(x_hidden | x_observed) = log p(x) − log p(x_observed), nats, `[*batch]`."""
        observed = marginal_log_prob(self.distribution, self.value, self.observed)
        return self.distribution.log_prob(value) - observed

    def sample(self, key: Key) -> Array:
        """A draw of the whole event with the observed entries as they are."""
        return self.distribution.sample_given(key, self.value, self.observed)


@dataclass
class Marginal(Distribution):
    """A distribution as the observed entries of one event see it: `log_prob` is that of those entries alone.

    log p(x_observed) = log ∫ p(x) dx_hidden. Draws and the mean are of the whole event, as if nothing had been seen;
    `hidden` is what the hidden entries are given the observed ones.

    Args:
        distribution: over the whole event.
        observed: which entries count, bool, `[*event]`.
        event_ndim: of the distribution.
    """

    distribution: Any
    observed: Array
    event_ndim: int = -1

    def __post_init__(self) -> None:
        if self.event_ndim < 0:
            object.__setattr__(self, "event_ndim", getattr(self.distribution, "event_ndim", -1))

    @property
    def is_reparameterized(self) -> bool:
        """As the distribution."""
        return is_reparameterized(self.distribution)

    def log_prob(self, value: Array) -> Array:
        """log p of the observed entries, nats, `[*batch]`."""
        return marginal_log_prob(self.distribution, value, self.observed)

    def hidden(self, value: Array) -> Any:
        """The distribution of the hidden entries given the observed ones of `value`."""
        return conditional(self.distribution, value, self.observed)

    def sample(self, key: Key) -> Array:
        """A draw of the whole event."""
        return self.distribution.sample(key)

    @property
    def mean(self) -> Array:
        """The mean of the whole event."""
        return self.distribution.mean
