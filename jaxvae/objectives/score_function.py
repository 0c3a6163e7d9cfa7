"""The gradient of an expectation through draws that are not reparameterized."""

import jax

from jaxvae.typing import Array


def with_score(value: Array, score: Array | float, baseline: Array | float = 0.0) -> Array:
    """`value` with the score-function gradient added: its gradient gains (value − baseline) · ∇score.

    ∇E_q[f] = E_q[∇f + (f − baseline) · ∇log q]

    score is log q of the part that is not reparameterized (`Draw.score`). If all is reparameterized it is 0: then
    nothing is added, and XLA drops the term. The baseline must not depend on the draw. It lowers the variance and adds
    no bias, since E_q[∇log q] = 0. Williams 1992, section 4.
    """
    return value + jax.lax.stop_gradient(value - baseline) * (score - jax.lax.stop_gradient(score))
