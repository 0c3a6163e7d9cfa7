"""KL divergences between normal distributions over vectors, for any form of their covariances."""

import abc
from typing import TypeGuard

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import align
from jaxvae.typing import Array


class NormalFamily(abc.ABC):
    """A normal distribution that knows its covariance Σ in the forms that its KL divergences need.

    Only direct subclasses count, since a subclass of these may have another density.
    """

    loc: Array
    """The mean, `[*batch, D]`."""
    event_ndim: int

    @property
    @abc.abstractmethod
    def half_log_determinant(self) -> Array:
        """½ log |Σ|, `[*batch]`."""

    @property
    @abc.abstractmethod
    def square_root(self) -> Array:
        """G with G Gᵀ = Σ, `[*batch, D, E]`."""

    @abc.abstractmethod
    def whiten(self, vector: Array) -> Array:
        """W x with ‖W x‖² = xᵀ Σ⁻¹ x, for x from the mean, `[*batch, D]`."""


def _is_normal_vector(p: object) -> TypeGuard[NormalFamily]:
    return NormalFamily in type(p).__bases__ and getattr(p, "event_ndim", None) == 1


def normal_kl(q: object, p: object) -> Array | None:
    """KL(q ‖ p) in nats, `[*batch]`, if both are Normal (of a vector), MultivariateNormal or LowRankNormal, else None.

    KL = ½ [ ‖W₂ G₁‖² + ‖W₂ (μ₁ − μ₂)‖² − D ] + log |Σ₂|^½ − log |Σ₁|^½,  G₁ G₁ᵀ = Σ₁,  W₂ᵀ W₂ = Σ₂⁻¹

    Each of the three knows its own G (`square_root`), W (`whiten`) and log |Σ|^½ (`half_log_determinant`).
    """
    if not _is_normal_vector(q) or not _is_normal_vector(p):
        return None
    q_loc, p_loc = align(q.loc, p.loc)
    shift = jnp.sum(p.whiten(q_loc - p_loc) ** 2, axis=-1)
    spread = jnp.sum(jax.vmap(p.whiten, in_axes=-1, out_axes=-1)(q.square_root) ** 2, axis=(-2, -1))
    shift, spread, q_volume, p_volume = align(shift, spread, q.half_log_determinant, p.half_log_determinant)
    return 0.5 * (spread + shift - q.loc.shape[-1]) + p_volume - q_volume


def diagonal_matrix(values: Array) -> Array:
    """`[*batch, D]` to `[*batch, D, D]`."""
    values, identity = align(values[..., None], jnp.eye(values.shape[-1], dtype=values.dtype))
    return values * identity
