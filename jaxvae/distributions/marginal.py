"""The distribution of the observed entries of an event, the hidden ones integrated out."""

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
            f"`marginal_log_prob(value, observed)`"
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


@dataclass
class Marginal(Distribution):
    """A distribution as the observed entries of one event see it: `log_prob` is that of those entries alone.

    log p(x_observed) = log ∫ p(x) dx_hidden. Draws and the mean are of the whole event.

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

    def sample(self, key: Key) -> Array:
        """A draw of the whole event."""
        return self.distribution.sample(key)

    @property
    def mean(self) -> Array:
        """The mean of the whole event."""
        return self.distribution.mean
