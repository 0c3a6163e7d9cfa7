"""The negative binomial distribution, by its rate and dispersion."""

import jax
import jax.numpy as jnp

from jaxvae.distributions.counting import deviance, stirling_remainder
from jaxvae.distributions.distribution import IndependentTerms, align, check_event, settle
from jaxvae.distributions.poisson import sample_poisson
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class NegativeBinomial(IndependentTerms):
    """Independent counts with more spread than Poisson's: variance = rate + rate² / dispersion.

    log p(x) = Σ_d log [ Γ(x + r) / (Γ(r) x!) · (r / (r + rate))^r · (rate / (r + rate))^x ],  r = dispersion,
    x_d in {0, 1, 2, …} as floats

    It is a Poisson whose rate is drawn from a gamma distribution of that mean and shape r. As r → ∞ it becomes the
    Poisson, without loss of accuracy. Parameters as in Lopez et al. 2018 (scVI), methods. Other values have no mass:
    the data loader refuses them, and here a negative number counts as 0.

    Args:
        rate: mean, > 0, `[*batch, *event]`.
        dispersion: r > 0, broadcast against `rate`; others use the name for 1 / r.
        event_ndim: number of trailing axes that make one event; by default all of them.

    Example:
        >>> float(NegativeBinomial(jnp.ones(1), 1.0).log_prob(jnp.ones(1)))  # geometric: −log 4
        -1.386...
    """

    rate: Array
    dispersion: Array
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "rate", "dispersion")

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    def log_prob_terms(self, value: Array) -> Array:
        """Log-probability of each component of `value` in nats, `[*batch, *event]`."""
        check_event(value, self.rate.shape, self.event_ndim)
        x, rate, r = align(jnp.maximum(value, 0.0), self.rate, self.dispersion)
        share = r / (r + rate)
        difference = (rate - x) * share  # between (x + r) · rate / (r + rate) and x
        fit = deviance(x, (x + r) * (rate / (r + rate)), difference) + deviance(r, (x + r) * share, -difference)
        ways = stirling_remainder(x + r) - stirling_remainder(r) - stirling_remainder(x) - jnp.log1p(x / r)
        return ways - fit

    def sample(self, key: Key) -> Array:
        """A draw of counts in the dtype of the rate; no gradient passes through it."""
        rate_key, count_key = jax.random.split(key)
        dispersion = jax.lax.stop_gradient(self.dispersion)
        gamma = jax.random.gamma(rate_key, dispersion)
        return sample_poisson(count_key, gamma * (self.rate / dispersion))

    @property
    def mean(self) -> Array:
        """The mean, `rate`."""
        return self.rate
