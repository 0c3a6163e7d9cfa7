"""The normal distribution with full covariance, by its Cholesky factor."""

import math

import jax.numpy as jnp

from jaxvae.distributions.distribution import Distribution, align, check_event
from jaxvae.distributions.normal_kl import NormalFamily, normal_kl
from jaxvae.fast import solve_lower, standard_normal
from jaxvae.numerics import HALF_LOG_2PI
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class MultivariateNormal(Distribution, NormalFamily):
    """Normal over vectors with covariance L Lᵀ.

    log p(x) = −½ ‖L⁻¹ (x − loc)‖² − Σ_d log L_dd − ½ D log 2π

    Args:
        loc: mean, `[*batch, D]`.
        scale_tril: L, lower triangular with a diagonal > 0, `[*batch, D, D]`; entries above the diagonal are ignored.
        event_ndim: 1: the event is a vector.

    Example:
        >>> p = MultivariateNormal(jnp.zeros(3), 2.0 * jnp.eye(3))
        >>> float(p.log_prob(jnp.zeros(3)))
        -4.836...
    """

    loc: Array
    scale_tril: Array
    event_ndim: int = 1

    def __post_init__(self) -> None:
        loc, factor = align(self.loc[..., None], self.scale_tril)
        batch = jnp.broadcast_shapes(loc.shape[:-2], factor.shape[:-2])
        object.__setattr__(self, "loc", jnp.broadcast_to(loc[..., 0], batch + loc.shape[-2:-1]))
        object.__setattr__(self, "scale_tril", jnp.broadcast_to(jnp.tril(factor), batch + factor.shape[-2:]))

    @property
    def _log_diagonal(self) -> Array:
        return jnp.log(jnp.diagonal(self.scale_tril, axis1=-2, axis2=-1))  # [*batch, D]

    def log_prob(self, value: Array) -> Array:
        """Log-density of `value` in nats, `[*batch]`."""
        check_event(value, self.loc.shape, 1)
        value, loc, log_diagonal = align(value, self.loc, self._log_diagonal)
        whitened = solve_lower(self.scale_tril, value - loc)
        return jnp.sum(-0.5 * whitened**2 - log_diagonal - 0.5 * math.log(2.0 * math.pi), axis=-1)

    def marginal_log_prob(self, value: Array, observed: Array) -> Array:
        """log p of the observed entries, nats, `[*batch]`: normal with their rows and columns of the covariance.

        Hidden entries get covariance 1 and distance 0, so they add only their ½ log 2π, which is taken off again.
        """
        check_event(value, self.loc.shape, 1)
        covariance = jnp.einsum("...de,...fe->...df", self.scale_tril, self.scale_tril)
        value, loc, observed = align(value, self.loc, observed)
        both = observed[..., :, None] & observed[..., None, :]
        both, covariance = align(both, covariance)
        factor = jnp.linalg.cholesky(jnp.where(both, covariance, jnp.eye(self.loc.shape[-1], dtype=self.loc.dtype)))
        distance = jnp.where(observed, value - loc, 0.0)
        whole = MultivariateNormal(jnp.zeros_like(distance), factor)
        num_hidden = jnp.sum((~observed).astype(self.loc.dtype), axis=-1)
        return whole.log_prob(distance) + HALF_LOG_2PI * num_hidden

    def conditional(self, value: Array, observed: Array) -> "MultivariateNormal":
        """The hidden entries given the observed ones: N(loc_h + A (x_o − loc_o), Σ_hh − A Σ_oh),  A = Σ_ho Σ_oo⁻¹.

        The observed entries get covariance 1 and nothing to do with the hidden ones.
        """
        check_event(value, self.loc.shape, 1)
        covariance = jnp.einsum("...de,...fe->...df", self.scale_tril, self.scale_tril)
        value, loc, observed = align(value, self.loc, observed)
        unit = jnp.eye(self.loc.shape[-1], dtype=self.loc.dtype)

        def block(rows: Array, columns: Array, other: Array) -> Array:
            both, whole = align(rows[..., :, None] & columns[..., None, :], covariance)
            return jnp.where(both, whole, other)

        zero = jnp.zeros((), self.loc.dtype)
        observed_hidden = block(observed, ~observed, zero)
        weights = jnp.linalg.solve(block(observed, observed, unit), observed_hidden)  # Aᵀ
        distance = jnp.where(observed, value - loc, 0.0)
        left = block(~observed, ~observed, zero) - jnp.einsum("...od,...oe->...de", weights, observed_hidden)
        left = left + jnp.where(observed[..., None, :], unit, zero)
        moved = loc + jnp.einsum("...od,...o->...d", weights, distance)
        return MultivariateNormal(moved, jnp.linalg.cholesky(left))

    def sample(self, key: Key) -> Array:
        """Reparameterized draw loc + L ε, ε ~ N(0, I); gradients pass through it."""
        noise = standard_normal(key, self.loc.shape, self.loc.dtype)
        return self.loc + jnp.einsum("...de,...e->...d", self.scale_tril, noise)

    @property
    def half_log_determinant(self) -> Array:
        """½ log |Σ| = Σ_d log L_dd, `[*batch]`."""
        return jnp.sum(self._log_diagonal, axis=-1)

    @property
    def square_root(self) -> Array:
        """G = L with G Gᵀ = Σ, `[*batch, D, D]`."""
        return self.scale_tril

    def whiten(self, vector: Array) -> Array:
        """L⁻¹ x, with norm xᵀ Σ⁻¹ x, for x from the mean."""
        return solve_lower(self.scale_tril, vector)

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
