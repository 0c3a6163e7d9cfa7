"""The bound of log-scales that affine couplings and autoregressive maps share."""

import jax.numpy as jnp

from jaxvae.typing import Array

MAX_LOG_SCALE = 3.0  # one layer stretches or shrinks a dimension by at most e³ ≈ 20, so that no stack overflows


def bounded_log_scale(raw: Array) -> Array:
    """3 tanh(raw / 3): slope 1 at 0, bounded by ±3 [nats]."""
    return MAX_LOG_SCALE * jnp.tanh(raw / MAX_LOG_SCALE)
