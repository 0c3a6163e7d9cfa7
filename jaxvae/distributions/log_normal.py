"""The log-normal distribution with independent components."""

import jax.numpy as jnp

from jaxvae.distributions.distribution import IndependentTerms, align, check_event, settle, sum_event
from jaxvae.distributions.normal import Normal
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class LogNormal(IndependentTerms):
    """Independent positive components whose logarithms are normal.

    log p(x) = Σ_d [ log N(log x_d; loc_d, scale_d²) − log x_d ],  x_d > 0

    Args:
        loc: mean of log x, `[*batch, *event]`; exp(loc) is the median of x.
        scale: standard deviation of log x, broadcast against it; > 0.
        event_ndim: number of trailing axes that make one event; by default all of them.

    Example:
        >>> p = LogNormal(jnp.zeros(2), jnp.array(1.0))
        >>> float(p.log_prob(jnp.array([1.0, jnp.e])))  # −½ − 1 − log 2π
        -3.337...
        >>> float(p.log_prob(jnp.array([1.0, -1.0])))
        -inf
    """

    loc: Array
    scale: Array
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "loc", "scale")

    @property
    def _of_logarithms(self) -> Normal:
        return Normal(self.loc, self.scale, event_ndim=0)

    def log_prob_terms(self, value: Array) -> Array:
        """Log-density of each component of `value` in nats, `[*batch, *event]`.

        −inf for values that are not above 0.
        """
        check_event(value, self.loc.shape, self.event_ndim)
        is_positive = value > 0.0
        log_value = jnp.log(jnp.where(is_positive, value, 1.0))
        is_positive, log_value, density = align(is_positive, log_value, self._of_logarithms.log_prob(log_value))
        is_number, log_prob = align(~jnp.isnan(value), jnp.where(is_positive, density - log_value, -jnp.inf))
        return jnp.where(is_number, log_prob, jnp.nan)

    def sample(self, key: Key) -> Array:
        """Reparameterized draw exp(loc + scale · ε), ε ~ N(0, 1); gradients pass through it."""
        return jnp.exp(self._of_logarithms.sample(key))

    @property
    def mean(self) -> Array:
        """The mean, exp(loc + ½ scale²)."""
        loc, scale = align(self.loc, self.scale)
        return jnp.exp(loc + 0.5 * scale**2)

    def entropy_terms(self) -> Array:
        """The entropy of the logarithm's normal, plus its mean."""
        return self._of_logarithms.entropy_terms() + self.loc

    def closed_form_kl(self, other: object) -> Array | None:
        """KL to another log-normal, which is the KL of the logarithms' normals; else None."""
        if type(self) is not LogNormal or type(other) is not LogNormal or other.event_ndim != self.event_ndim:
            return None
        kl = self._of_logarithms.closed_form_kl(other._of_logarithms)
        return None if kl is None else sum_event(kl, self.event_ndim)
