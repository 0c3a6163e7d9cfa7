"""The beta-binomial distribution, and counts out of a maximum as levels of [0, 1]."""

import dataclasses

import jax
import jax.numpy as jnp

from jaxvae.distributions.binomial import sample_beta, sample_binomial
from jaxvae.distributions.counting import deviance, stirling_remainder
from jaxvae.distributions.distribution import IndependentTerms, align, check_event, settle
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class BetaBinomial(IndependentTerms):
    """Independent counts out of a total, with a probability that is itself drawn from a beta distribution.

    log p(x) = Σ_d log [ C(n, x) B(x + α, n − x + β) / B(α, β) ],  x_d in {0, …, n} as floats

    At α = β = 1 it is uniform over the n + 1 counts; as α + β → ∞ it is a binomial. Other values have no mass: the data
    loader refuses them, and here they count as the nearer end.

    Args:
        total_count: n ≥ 1, `[*batch, *event]`.
        alpha: > 0, broadcast against the others.
        beta: > 0, broadcast against the others.
        event_ndim: number of trailing axes that make one event; by default all of them.

    Example:
        >>> float(BetaBinomial(4.0, jnp.ones(1), 1.0).log_prob(jnp.full(1, 3.0)))  # −log 5
        -1.609...
    """

    total_count: Array | float
    alpha: Array
    beta: Array
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "total_count", "alpha", "beta")

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    def log_prob_terms(self, value: Array) -> Array:
        """Log-probability of each component of `value` in nats, `[*batch, *event]`."""
        check_event(value, self.alpha.shape, self.event_ndim)
        x, n, alpha, beta = align(value, self.total_count, self.alpha, self.beta)
        x = jnp.clip(x, 0.0, n)
        y, s = n - x, alpha + beta
        # how far the table [[x, α], [y, β]] is from independent rows and columns: E − O is ∓ one number in every cell
        excess = x * (beta / (n + s)) - y * (alpha / (n + s))
        row, other_row, share = x + alpha, y + beta, n / (n + s)
        fit = (
            deviance(x, row * share, -excess)
            + deviance(alpha, row * (s / (n + s)), excess)
            + deviance(y, other_row * share, excess)
            + deviance(beta, other_row * (s / (n + s)), -excess)
        )
        a = stirling_remainder
        ways = a(n) - a(x) - a(y) + a(row) - a(alpha) + a(other_row) - a(beta) - a(n + s) + a(s)
        ratios = jnp.log1p(n / s) - jnp.log1p(x / alpha) - jnp.log1p(y / beta)
        return ways + ratios - fit

    def sample(self, key: Key) -> Array:
        """A draw of counts in the dtype of the parameters; no gradient passes through it."""
        probability_key, count_key = jax.random.split(key)
        n, alpha, beta = jax.lax.stop_gradient((jnp.asarray(self.total_count), self.alpha, self.beta))
        fails = beta < alpha  # then failures are counted, since 1 − p of a probability near 1 loses its digits
        probability = sample_beta(probability_key, jnp.minimum(alpha, beta), jnp.maximum(alpha, beta))
        count = sample_binomial(count_key, n, probability)
        return jnp.where(fails, n - count, count)

    @property
    def mean(self) -> Array:
        """The mean, n α / (α + β)."""
        return self.total_count * (self.alpha / (self.alpha + self.beta))


@dataclass
class Levels(IndependentTerms):
    """Counts out of a maximum as levels of [0, 1]: x = count / maximum, like the library's grey data.

    log p(x) = log base(maximum · x), a probability mass

    Args:
        base: over the counts 0, …, maximum.
        maximum: the count of level 1.
        event_ndim: number of trailing axes that make one event; by default the base's.

    Example:
        >>> p = Levels(BetaBinomial(4.0, jnp.ones(1), 1.0), maximum=4)
        >>> float(p.log_prob(jnp.full(1, 0.75)))  # −log 5
        -1.609...
    """

    base: IndependentTerms
    maximum: int
    event_ndim: int = -1

    def __post_init__(self) -> None:
        event_ndim = self.base.event_ndim if self.event_ndim < 0 else self.event_ndim
        object.__setattr__(self, "event_ndim", event_ndim)
        object.__setattr__(self, "base", dataclasses.replace(self.base, event_ndim=event_ndim))  # type: ignore[type-var]

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    def log_prob_terms(self, value: Array) -> Array:
        """Log-probability of each component of `value` in nats, `[*batch, *event]`."""
        return self.base.log_prob_terms(jnp.round(value * self.maximum))

    def sample(self, key: Key) -> Array:
        """A draw of levels; no gradient passes through it."""
        return self.base.sample(key) / self.maximum

    @property
    def mean(self) -> Array:
        """The mean level."""
        return self.base.mean / self.maximum
