"""The gradient by draws that pass none."""

import jax

from jaxvae.typing import Array


def with_score(value: Array, score: Array | float, baseline: Array | float = 0.0) -> Array:
    """`value`, whose gradient gains (value − baseline) · ∇score: the gradient by what draws pass no gradient to.

    ∇E_q[f] = E_q[∇f + (f − baseline) · ∇log q], with score = log q of what was not reparameterized (`Draw.score`, else
    0: then nothing is added, and XLA drops it). The baseline must not depend on the draw: it takes variance away and
    adds no bias, since E_q[∇log q] = 0. Williams 1992, section 4.
    """
    return value + jax.lax.stop_gradient(value - baseline) * (score - jax.lax.stop_gradient(score))
