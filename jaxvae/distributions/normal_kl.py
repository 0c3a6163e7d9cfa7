"""KL divergences between normal distributions over vectors, whatever the form of their covariances."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import align
from jaxvae.typing import Array


def normal_kl(q: Any, p: Any) -> Array | None:
    """KL(q ‖ p) in nats, `[*batch]`, if both are Normal (of a vector), MultivariateNormal or LowRankNormal, else None.

    KL = ½ [ ‖W₂ G₁‖² + ‖W₂ (μ₁ − μ₂)‖² − D ] + log |Σ₂|^½ − log |Σ₁|^½,  G₁ G₁ᵀ = Σ₁,  W₂ᵀ W₂ = Σ₂⁻¹

    Each of the three knows its own G (`square_root`), W (`whiten`) and log |Σ|^½ (`half_log_determinant`).
    """
    from jaxvae.distributions.low_rank_normal import LowRankNormal  # they import this module
    from jaxvae.distributions.multivariate_normal import MultivariateNormal
    from jaxvae.distributions.normal import Normal

    family = (Normal, MultivariateNormal, LowRankNormal)
    if type(q) not in family or type(p) not in family or q.event_ndim != 1 or p.event_ndim != 1:
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
