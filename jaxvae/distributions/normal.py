"""The normal distribution with independent components."""

import jax.numpy as jnp

from jaxvae.distributions.distribution import IndependentTerms, align, check_event, settle, sum_event
from jaxvae.distributions.normal_kl import NormalFamily, diagonal_matrix, normal_kl
from jaxvae.fast import standard_normal
from jaxvae.numerics import HALF_LOG_2PI
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class Normal(IndependentTerms, NormalFamily):
    """Independent normal components.

    log p(x) = Σ_d [ −½ ((x_d − loc_d) / scale_d)² − log scale_d − ½ log 2π ]

    Args:
        loc: mean, `[*batch, *event]`.
        scale: standard deviation (not variance, not its logarithm), broadcast against `loc`; > 0.
        event_ndim: number of trailing axes that make one event; by default all of them.

    Example:
        >>> q = Normal(jnp.zeros(3), jnp.array(2.0))
        >>> float(q.log_prob(jnp.zeros(3)))
        -4.836...
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
        return -0.5 * ((value - loc) / scale) ** 2 - jnp.log(scale) - HALF_LOG_2PI

    def sample(self, key: Key) -> Array:
        """Reparameterized draw loc + scale · ε, ε ~ N(0, 1); gradients pass through it."""
        return self.loc + self.scale * standard_normal(key, self.loc.shape, self.loc.dtype)

    @property
    def half_log_determinant(self) -> Array:
        """½ log |Σ| = Σ_d log scale_d, `[*batch]`."""
        return sum_event(jnp.log(self.scale), self.event_ndim)

    @property
    def square_root(self) -> Array:
        """G = diag(scale) with G Gᵀ = Σ, of vectors, `[*batch, D, D]`."""
        return diagonal_matrix(self.scale)

    def whiten(self, vector: Array) -> Array:
        """x / scale, with norm xᵀ Σ⁻¹ x, for x from the mean."""
        vector, scale = align(vector, self.scale)
        return vector / scale

    @property
    def mean(self) -> Array:
        """The mean, `loc`."""
        return self.loc

    def entropy_terms(self) -> Array:
        """½ + ½ log 2π + log scale_d."""
        return jnp.broadcast_to(0.5 + HALF_LOG_2PI + jnp.log(self.scale), self.loc.shape)

    def closed_form_kl(self, other: object) -> Array | None:
        """KL to another Normal: Σ_d [ log(σ₂/σ₁) + (σ₁² + (μ₁ − μ₂)²) / (2 σ₂²) − ½ ].

        Over vectors also to a MultivariateNormal or LowRankNormal (`normal_kl`), else None.
        """
        if type(self) is not Normal or type(other) is not Normal:
            return normal_kl(self, other)
        if other.event_ndim != self.event_ndim:
            return None
        loc, scale, other_loc, other_scale = align(self.loc, self.scale, other.loc, other.scale)
        ratio = scale / other_scale
        shift = (loc - other_loc) / other_scale
        return sum_event(0.5 * (ratio**2 + shift**2 - 1.0) - jnp.log(ratio), self.event_ndim)
