"""The normal distribution whose covariance is a diagonal plus a low rank."""

import math

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import Distribution, align, check_event
from jaxvae.distributions.normal_kl import NormalFamily, diagonal_matrix, normal_kl
from jaxvae.fast import cholesky, solve_lower, solve_upper, standard_normal
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key

# Added to the diagonal of Aᵀ A, as a share of it [units of rounding per factor]: if factors are nearly parallel and
# far longer than the scale, rounding would otherwise make a pivot negative. It changes no more than rounding does.
_JITTER = 8.0


@dataclass
class LowRankNormal(Distribution, NormalFamily):
    """Normal over vectors with covariance diag(scale²) + F Fᵀ.

    log p(x) = −½ [ ‖y − A v‖² + ‖v‖² ] − Σ_d log scale_d − ½ log |C| − ½ D log 2π
    y = (x − loc) / scale,  A = F / scale,  C = I + Aᵀ A,  v = C⁻¹ Aᵀ y

    By the identities of Woodbury and Sylvester, only the R × R matrix C needs a Cholesky factor. The squared distance
    is a sum of squares, since ‖y‖² − vᵀ C v would be a small difference of large numbers.

    Args:
        loc: mean, `[*batch, D]`.
        factor: F, `[*batch, D, R]`.
        scale: standard deviation of the independent part, `[*batch, D]`; > 0.
        event_ndim: 1: the event is a vector.

    Example:
        >>> p = LowRankNormal(jnp.zeros(2), jnp.ones((2, 1)), jnp.ones(2))  # covariance [[2, 1], [1, 2]]
        >>> float(p.log_prob(jnp.zeros(2)))  # −½ log 3 − log 2π
        -2.387...
    """

    loc: Array
    factor: Array
    scale: Array
    event_ndim: int = 1

    def __post_init__(self) -> None:
        loc, factor, scale = align(self.loc[..., None], self.factor, self.scale[..., None])
        batch = jnp.broadcast_shapes(loc.shape[:-2], factor.shape[:-2], scale.shape[:-2])
        object.__setattr__(self, "loc", jnp.broadcast_to(loc[..., 0], batch + factor.shape[-2:-1]))
        object.__setattr__(self, "factor", jnp.broadcast_to(factor, batch + factor.shape[-2:]))
        object.__setattr__(self, "scale", jnp.broadcast_to(scale[..., 0], batch + factor.shape[-2:-1]))

    def _capacitance(self) -> tuple[Array, Array]:
        """A, `[*batch, D, R]`, and the Cholesky factor of C, `[*batch, R, R]`."""
        scaled = self.factor / self.scale[..., None]
        rank, dtype = scaled.shape[-1], scaled.dtype
        identity = jnp.eye(rank, dtype=dtype)
        jitter = _JITTER * rank * float(jnp.finfo(dtype).eps)
        products = jnp.einsum("...dr,...ds->...rs", scaled, scaled)
        identity, products = align(identity, products)
        capacitance = identity + products * (1.0 + jitter * identity)
        return scaled, cholesky(capacitance)

    @property
    def half_log_determinant(self) -> Array:
        """½ log |Σ|, `[*batch]`."""
        diagonal = jnp.diagonal(self._capacitance()[1], axis1=-2, axis2=-1)
        return jnp.sum(jnp.log(self.scale), axis=-1) + jnp.sum(jnp.log(diagonal), axis=-1)

    @property
    def square_root(self) -> Array:
        """G = [diag(scale), F] with G Gᵀ = Σ, `[*batch, D, D + R]`."""
        return jnp.concatenate([diagonal_matrix(self.scale), self.factor], axis=-1)

    def whiten(self, vector: Array) -> Array:
        """W x = [y − A v, v] with ‖W x‖² = xᵀ Σ⁻¹ x, for x from the mean: `[*batch, D]` to `[*batch, D + R]`."""
        vector, scale = align(vector, self.scale)
        scaled, factor = self._capacitance()
        y = vector / scale
        scaled, y = align(scaled, y[..., None])
        v = solve_upper(factor, solve_lower(factor, (jnp.swapaxes(scaled, -1, -2) @ y)[..., 0]))
        scaled, v = align(scaled, v[..., None])
        return jnp.concatenate([y - scaled @ v, v], axis=-2)[..., 0]

    def log_prob(self, value: Array) -> Array:
        """Log-density of `value` in nats, `[*batch]`."""
        check_event(value, self.loc.shape, 1)
        value, loc = align(value, self.loc)
        distance = jnp.sum(self.whiten(value - loc) ** 2, axis=-1)
        distance, volume = align(distance, self.half_log_determinant)
        return -0.5 * distance - volume - 0.5 * math.log(2.0 * math.pi) * self.loc.shape[-1]

    def sample(self, key: Key) -> Array:
        """Reparameterized draw loc + scale · ε + F η with normal ε, η; gradients pass through it."""
        own_key, factor_key = jax.random.split(key)
        own = standard_normal(own_key, self.loc.shape, self.loc.dtype)
        shared = standard_normal(factor_key, (*self.loc.shape[:-1], self.factor.shape[-1]), self.loc.dtype)
        return self.loc + self.scale * own + jnp.einsum("...dr,...r->...d", self.factor, shared)

    @property
    def mean(self) -> Array:
        """The mean, `loc`."""
        return self.loc

    def closed_form_entropy(self) -> Array:
        """½ log |Σ| + ½ D (1 + log 2π)."""
        return self.half_log_determinant + 0.5 * self.loc.shape[-1] * (1.0 + math.log(2.0 * math.pi))

    def closed_form_kl(self, other: object) -> Array | None:
        """KL to a Normal, MultivariateNormal or LowRankNormal over vectors (`normal_kl`), else None."""
        return normal_kl(self, other)
