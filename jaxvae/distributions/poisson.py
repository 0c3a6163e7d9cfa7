"""The Poisson distribution, by its rate."""

import jax
import jax.numpy as jnp

from jaxvae.distributions.counting import deviance, stirling_remainder
from jaxvae.distributions.distribution import IndependentTerms, align, check_event, settle, sum_event
from jaxvae.fast import standard_normal
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key

_LARGE = 4096.0  # rate from which on the expansion below errs by less than 1e-5 of a count


def sample_poisson(key: Key, rate: Array) -> Array:
    """A draw of counts in the dtype of `rate`; no gradient passes through it.

    JAX's rejection sampler loses its digits at large rates. For rates of 4,096 and more this draws ⌊Q(w)⌋, w ~ N(0, 1),
    with

    Q(w) = λ + √λ w + 1/3 + w²/6 − (w + w³/2) / (36 √λ) + (−8/405 + 7w²/810 + w⁴/270) / λ

    Giles 2016, "Algorithm 955: approximation of the inverse Poisson cumulative distribution function", equation 10.
    """
    rate = jax.lax.stop_gradient(rate)
    is_large = rate >= _LARGE
    small_key, large_key = jax.random.split(key)
    small = jax.random.poisson(small_key, jnp.where(is_large, 1.0, rate)).astype(rate.dtype)
    large, w = jnp.where(is_large, rate, _LARGE), standard_normal(large_key, rate.shape, rate.dtype)
    root = jnp.sqrt(large)
    shift = root * w + 1.0 / 3.0 + w**2 / 6.0 - (w + 0.5 * w**3) / (36.0 * root)
    shift = shift + (-8.0 / 405.0 + 7.0 * w**2 / 810.0 + w**4 / 270.0) / large
    whole = jnp.floor(large)
    return jnp.where(is_large, whole + jnp.floor(large - whole + shift), small)  # so that ⌊·⌋ has digits to look at


@dataclass
class Poisson(IndependentTerms):
    """Independent counts, each Poisson.

    log p(x) = Σ_d [ x_d log rate_d − rate_d − log x_d! ],  x_d in {0, 1, 2, …} as floats

    The sum is computed as −deviance(x, rate) − (log x! − x log x + x). It keeps 1e-6 nats in float32 at counts of
    10,000, where its three terms are near 90,000. Other values have no mass: the data loader refuses them, and here a
    negative number counts as 0.

    Args:
        rate: mean, > 0, `[*batch, *event]`.
        event_ndim: number of trailing axes that make one event; by default all of them.

    Example:
        >>> float(Poisson(jnp.array([2.0, 3.0])).log_prob(jnp.zeros(2)))
        -5.0
    """

    rate: Array
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "rate")

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    def log_prob_terms(self, value: Array) -> Array:
        """Log-probability of each component of `value` in nats, `[*batch, *event]`."""
        check_event(value, self.rate.shape, self.event_ndim)
        x, rate = align(jnp.maximum(value, 0.0), self.rate)
        return -deviance(x, rate, rate - x) - stirling_remainder(x)

    def sample(self, key: Key) -> Array:
        """A draw of counts in the dtype of the rate; no gradient passes through it."""
        return sample_poisson(key, self.rate)

    @property
    def mean(self) -> Array:
        """The mean, `rate`."""
        return self.rate

    def closed_form_kl(self, other: object) -> Array | None:
        """KL to another Poisson: Σ_d [ λ log(λ / λ') + λ' − λ ], else None."""
        if type(self) is not Poisson or type(other) is not Poisson or other.event_ndim != self.event_ndim:
            return None
        rate, other_rate = align(self.rate, other.rate)
        return sum_event(deviance(rate, other_rate, other_rate - rate), self.event_ndim)
