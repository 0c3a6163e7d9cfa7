"""The Laplace distribution with independent components."""

import math

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import IndependentTerms, align, check_event, settle, sum_event
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class Laplace(IndependentTerms):
    """Independent Laplace components.

    log p(x) = Σ_d [ −|x_d − loc_d| / scale_d − log (2 scale_d) ]

    Args:
        loc: mean and median, `[*batch, *event]`.
        scale: mean absolute deviation from `loc`, broadcast against it; > 0. The standard deviation is √2 scale.
        event_ndim: number of trailing axes that make one event; by default all of them.

    Example:
        >>> float(Laplace(jnp.zeros(2), jnp.array(1.0)).log_prob(jnp.array([0.0, 3.0])))  # −3 − 2 log 2
        -4.386...
    """

    loc: Array
    scale: Array
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "loc", "scale")

    def log_prob_terms(self, value: Array) -> Array:
        """Log-density of each component of `value` in nats, `[*batch, *event]`."""
        check_event(value, self.loc.shape, self.event_ndim)
        value, loc, scale = align(value, self.loc, self.scale)
        return -jnp.abs(value - loc) / scale - jnp.log(scale) - math.log(2.0)

    def sample(self, key: Key) -> Array:
        """Reparameterized draw loc + scale · ε, ε ~ Laplace(0, 1); gradients pass through it."""
        return self.loc + self.scale * jax.random.laplace(key, self.loc.shape, self.loc.dtype)

    @property
    def mean(self) -> Array:
        """The mean, `loc`."""
        return self.loc

    def entropy_terms(self) -> Array:
        """1 + log (2 scale_d)."""
        return jnp.broadcast_to(1.0 + math.log(2.0) + jnp.log(self.scale), self.loc.shape)

    def closed_form_kl(self, other: object) -> Array | None:
        """KL to another Laplace: Σ_d [ (b₁ exp(−δ/b₁) + δ) / b₂ − 1 − log(b₁/b₂) ], δ = |μ₁ − μ₂|, else None."""
        if type(self) is not Laplace or type(other) is not Laplace or other.event_ndim != self.event_ndim:
            return None
        loc, scale, other_loc, other_scale = align(self.loc, self.scale, other.loc, other.scale)
        distance, ratio = jnp.abs(loc - other_loc) / scale, scale / other_scale
        # expm1 keeps the digits of a small δ: 1 + expm1(−δ) + δ ≈ 1 + δ²/2
        terms = ratio * (jnp.expm1(-distance) + distance) + (ratio - 1.0 - jnp.log(ratio))
        return sum_event(terms, self.event_ndim)
