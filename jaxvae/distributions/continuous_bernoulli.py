"""The continuous Bernoulli distribution over [0, 1], by its logits."""

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import IndependentTerms, align, check_event, settle
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key

_SERIES_BELOW = 0.5  # |logit|: 6 terms of a series of radius 2π leave 1e-16, the closed form loses a factor 1/|logit|
_SERIES = tuple(1.0 / n for n in (24, -2_880, 181_440, -9_676_800, 479_001_600, -15_692_092_416_000 / 691))
"""B₂ₖ / (2k (2k)!) for k = 1, 2, …, with Bernoulli's numbers B: log(sinh(η/2) / (η/2)) = Σ_k _SERIES[k−1] η²ᵏ."""


def _log_normaliser_excess(logits: Array) -> Array:
    """log ∫₀¹ exp(η x) dx − max(η, 0) = log((1 − exp(−|η|)) / |η|), which is even in η, for |η| that is not small."""
    size = jnp.abs(logits)
    return jnp.log(-jnp.expm1(-size) / size)


@dataclass
class ContinuousBernoulli(IndependentTerms):
    """Independent components of the density that is proportional to λˣ (1 − λ)¹⁻ˣ over [0, 1], λ = sigmoid(logits).

    log p(x) = Σ_d [ x_d η_d − log((exp(η_d) − 1) / η_d) ],  η = logits

    At η = 0 it is the uniform density. Loaiza-Ganem and Cunningham 2019. Value and gradient are exact to rounding at
    every η; near 0, where the normaliser is 0/0, a series is used.

    Args:
        logits: log λ / (1 − λ), `[*batch, *event]`.
        event_ndim: number of trailing axes that make one event; by default all of them.

    Example:
        >>> float(ContinuousBernoulli(jnp.zeros(2)).log_prob(jnp.array([0.3, 1.0])))
        0.0
    """

    logits: Array
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "logits")

    def log_prob_terms(self, value: Array) -> Array:
        """Log-density of each component of `value` in nats, `[*batch, *event]`; −inf outside of [0, 1]."""
        check_event(value, self.logits.shape, self.event_ndim)
        value, logits = align(value, self.logits)
        is_small, small, large = _branches(logits)
        series = sum(coefficient * small ** (2 * k) for k, coefficient in enumerate(_SERIES, 1))
        # x η − max(η, 0), without the difference of two large numbers
        exponent = jnp.where(large > 0.0, (value - 1.0) * large, value * large)
        terms = jnp.where(is_small, (value - 0.5) * small - series, exponent - _log_normaliser_excess(large))
        is_outside = (value < 0.0) | (value > 1.0)
        return jnp.where(is_outside, -jnp.inf, terms)

    def sample(self, key: Key) -> Array:
        """Reparameterized draw log(1 + u (exp(η) − 1)) / η, u ~ U(0, 1); gradients pass through it."""
        dtype = self.logits.dtype
        eps = float(jnp.finfo(dtype).eps)
        u = jax.random.uniform(key, self.logits.shape, dtype) + 0.5 * eps  # multiples of eps moved inside (0, 1)
        is_small, small, large = _branches(self.logits, eps**0.25)  # the series' and the formula's gradients err alike
        size = jnp.abs(large)
        # from the end where the mass is, so that exp does not overflow
        from_end = -jnp.log1p(jnp.where(large > 0.0, 1.0 - u, u) * jnp.expm1(-size)) / size
        variance = u * (1.0 - u)  # cumulants of a binary variable: log(1 + u (exp(η) − 1)) = Σ_n κₙ ηⁿ / n!
        series = u + variance * small * (
            1.0 / 2.0 + (1.0 - 2.0 * u) * small / 6.0 + (1.0 - 6.0 * variance) * small**2 / 24.0
        )
        x = jnp.where(is_small, series, jnp.where(large > 0.0, 1.0 - from_end, from_end))
        return jnp.clip(x, 0.0, 1.0)  # against rounding

    def entropy_terms(self) -> Array:
        """log ∫₀¹ exp(η_d x) dx − η_d E[x_d], which is −log p of the mean."""
        is_small, small, large = _branches(self.logits)
        series = -sum((2 * k - 1) * coefficient * small ** (2 * k) for k, coefficient in enumerate(_SERIES, 1))
        size = jnp.abs(large)
        from_end = 1.0 + size * jnp.exp(-size) / jnp.expm1(-size)  # |η| times the distance of the mean from its end
        return jnp.where(is_small, series, from_end + _log_normaliser_excess(large))

    @property
    def mean(self) -> Array:
        """The mean, 1 / (1 − exp(−η)) − 1/η."""
        is_small, small, large = _branches(self.logits)
        series = sum(2 * k * coefficient * small ** (2 * k - 1) for k, coefficient in enumerate(_SERIES, 1))
        size = jnp.abs(large)
        from_end = 1.0 / size + jnp.exp(-size) / jnp.expm1(-size)  # distance from the end where the mass is
        return jnp.where(is_small, 0.5 + series, jnp.where(large > 0.0, 1.0 - from_end, from_end))


def _branches(logits: Array, threshold: float = _SERIES_BELOW) -> tuple[Array, Array, Array]:
    """Which logits are small, and for each formula the logits with harmless numbers instead of the others."""
    is_small = jnp.abs(logits) < threshold
    return is_small, jnp.where(is_small, logits, 0.0), jnp.where(is_small, 1.0, logits)
