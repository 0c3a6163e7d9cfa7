"""The normaliser and moments of a von Mises-Fisher distribution: accurate ratios of Bessel functions."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxvae.typing import Array

_STEPS = 10  # of the recurrence: the expansion is used at orders >= 10, where it errs by less than 1e-7


class SphereTerms(NamedTuple):
    """Numbers of the density ∝ exp(κ t) on the unit sphere in d dimensions, t = μ·x; each has the shape of κ.

    They keep their relative precision (1e-5 in float32) for every κ from 0 to 1e4 and stay finite beyond.
    """

    log_normaliser: Array
    """log E[exp(κ (t − 1))] under the uniform distribution, ≤ 0."""
    kl: Array
    """KL to the uniform distribution, nats."""
    mean: Array
    """A = E[t]."""
    gap: Array
    """1 − A."""


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def sphere_terms(concentration: Array, dim: int) -> SphereTerms:
    """The terms for κ ≥ 0 and d = `dim` ≥ 2, with their derivatives −(1 − A), κ A', A' and −A'.

    >>> kl = sphere_terms(jnp.array(1e-3), 5).kl  # κ² / 2d
    >>> f"{kl:.4e}"
    '1.0000e-07'
    """
    return _terms_and_slope(concentration, dim)[0]


@sphere_terms.defjvp
def _(dim: int, primals: tuple[Array], tangents: tuple[Array]) -> tuple[SphereTerms, SphereTerms]:
    ((k,), (dk,)) = primals, tangents
    terms, slope = _terms_and_slope(k, dim)
    return terms, SphereTerms(-terms.gap * dk, k * slope * dk, slope * dk, -slope * dk)


def _terms_and_slope(k: Array, dim: int) -> tuple[SphereTerms, Array]:
    """The terms and A' = dA/dκ, the variance of t.

    With v = d/2 − 1, A_v = I_{v+1}(κ) / I_v(κ) and F_v = Γ(v+1) (κ/2)^(−v) I_v(κ) = E[exp(κ t)] under the uniform:

    A_v = κ / D,   1 − A_v = (2(v+1) − κ (1 − A_{v+1})) / D,   A'_v = (2(v+1) − κ² A'_{v+1}) / D²,
    log F_v = log F_{v+1} + log(1 + κ A_{v+1} / 2(v+1)),   D = 2(v+1) + κ A_{v+1}

    The recurrence goes downwards in v, which is stable. For large κ the numbers A, 1 − A and A' differ by factors of κ;
    so do log F and log F − κ for small or large κ; KL = κ A − log F. So none of them follows accurately from the others
    by subtraction.
    """
    order = dim / 2 - 1 + _STEPS
    log_f, log_scaled, a, gap = _expansion(k, order)
    slope = -jax.jvp(lambda k: _expansion(k, order)[3], (k,), (jnp.ones_like(k),))[1]
    for i in reversed(range(_STEPS)):
        twice = dim + 2 * i  # 2(v+1)
        denominator = twice + k * a
        step = jnp.log1p(k * a / twice)
        log_f, log_scaled = log_f + step, log_scaled + step
        slope = (twice - k**2 * slope) / denominator**2
        a, gap = k / denominator, (twice - k * gap) / denominator
    is_small = k < dim
    kl = jnp.where(is_small, k * a - log_f, -k * gap - log_scaled)
    return SphereTerms(jnp.where(is_small, log_f - k, log_scaled), kl, a, gap), slope


def _expansion(k: Array, order: float) -> tuple[Array, Array, Array, Array]:
    """log F, log F − κ, A and 1 − A at a large order: Debye's expansion over Stirling's series.

    Abramowitz and Stegun 9.7.7 and 6.1.41, in logarithms, with three corrections. In this form log F and A go to 0 with
    κ without cancellation.
    """
    root = jnp.sqrt(order**2 + k**2)
    excess = k**2 / (root + order)  # root − order
    p, q = order / root, excess / root  # q = 1 − p
    corrections = (
        q * (5 * p**2 + 5 * p + 2) / (24 * order)
        + q * (1 + p) * p**2 * (1 - 5 * p**2) / (16 * order**2)
        + q * ((1 + p) * p**3 * (359 - 4420 * p**2 + 5525 * p**4) - 16 * (1 + p + p**2)) / (5760 * order**3)
    )
    common = corrections - order * jnp.log1p(excess / (2 * order)) - 0.5 * jnp.log1p(excess / order)
    scaled_excess = order**2 / (root + k) - order  # root − order − κ
    lower = k / (2 * root**2) + k * (1 - 5 * p**2) / (8 * root**3) + k * (1 - 12 * p**2 + 15 * p**4) / (8 * root**4)
    a = k / (root + order) - lower
    gap = (2 * order + scaled_excess) / (root + order) + lower
    return excess + common, scaled_excess + common, a, gap
