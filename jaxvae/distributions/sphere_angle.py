"""The angle between a von Mises-Fisher draw and its mean direction: an exact sampler with an exact gradient."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.distributions.bessel import sphere_terms
from jaxvae.distributions.distribution import align
from jaxvae.fast import standard_normal
from jaxvae.typing import Array, Key

_MAX_PROPOSALS = 100  # a proposal is rejected with probability < 0.4; the limit ends the loop if κ is NaN
_WINDOW = 8.0  # standard deviations beyond which the density is below 1e-7 of its peak
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)  # dθ/dκ errs by less than 1e-5
_TINY = 1e-30  # if sin(angle) is 0, the integral is over nothing


def sample_angle(key: Key, concentration: Array, dim: int) -> Array:
    """Draw θ in [0, π] with density ∝ exp(κ cos θ) sin^(d−2) θ, one for each κ; gradients pass to κ without bias.

    Wood 1994, algorithm VM*: reject from tan²(θ/2) = b g₁/g₂ with g₁, g₂ ~ χ² with d − 1 degrees of freedom, which is
    Ulrich's envelope. The formula avoids 1 − cos θ, which would cancel for large κ.
    """
    k = jax.lax.stop_gradient(concentration)
    b = (dim - 1) / (2 * k + jnp.sqrt(4 * k**2 + (dim - 1) ** 2))

    def propose(carry: tuple[Array, Key, Array, Array]) -> tuple[Array, Key, Array, Array]:
        count, key, angle, is_accepted = carry
        key, normal_key, uniform_key = jax.random.split(key, 3)
        g1, g2 = jnp.sum(standard_normal(normal_key, (2, *k.shape, dim - 1), k.dtype) ** 2, axis=-1)
        mixed = g2 + b * g1
        log_ratio = 2 * k * b * (g2 - g1) / ((1 + b) * mixed) + (dim - 1) * jnp.log((1 + b) * (g1 + g2) / (2 * mixed))
        proposal = 2 * jnp.arctan2(jnp.sqrt(b * g1), jnp.sqrt(g2))
        angle = jnp.where(is_accepted, angle, proposal)
        accept = -jax.random.exponential(uniform_key, k.shape, k.dtype) < log_ratio
        return count + 1, key, angle, is_accepted | accept

    def is_open(carry: tuple[Array, Key, Array, Array]) -> Array:
        count, _, _, is_accepted = carry
        return (count < _MAX_PROPOSALS) & ~jnp.all(is_accepted)

    start = (jnp.zeros((), jnp.int32), key, jnp.full_like(k, jnp.nan), jnp.zeros(k.shape, bool))
    angle = jax.lax.while_loop(is_open, propose, start)[2]
    return _follow(angle, concentration, dim)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def _follow(angle: Array, concentration: Array, dim: int) -> Array:
    """`angle` itself, with the gradient by κ of a quantile."""
    del concentration, dim
    return angle


@_follow.defjvp
def _(dim: int, primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    angle, concentration = primals
    return angle, angle_slope(angle, concentration, dim) * tangents[1]


def angle_slope(angle: Array, concentration: Array, dim: int) -> Array:
    """dθ/dκ of a quantile: implicit reparameterization, Figurnov, Mohamed and Mnih 2018, equation 5.

    dθ/dκ = −∂_κ P(Θ ≤ θ) / p(θ) = −∫₀^θ (cos φ − A) p(φ) dφ / p(θ) = ∫_θ^π (cos φ − A) p(φ) dφ / p(θ)

    by Gauss-Legendre quadrature over the side of θ where cos φ − A has one sign.
    """
    nodes, weights = (jnp.asarray(values, angle.dtype) for values in (_NODES, _WEIGHTS))
    theta, k, nodes, weights = align(angle[..., None], concentration[..., None], nodes, weights)
    gap = sphere_terms(k, dim).gap
    is_inner = 2 * jnp.sin(theta / 2) ** 2 < gap  # cos θ > A
    spread = ((dim - 2) ** 2 + 4 * k**2 + 1) ** -0.25  # 1 / √(curvature of log p at its mode), at most 1
    length = jnp.clip(jnp.where(is_inner, theta, math.pi - theta), 0.0, _WINDOW * spread)
    away = length * (1 + nodes) / 2  # |φ − θ|
    phi = theta + jnp.where(is_inner, -away, away)
    relative = jnp.sin(phi) / jnp.maximum(jnp.sin(theta), _TINY)
    # p(φ) / p(θ)
    log_density = -2 * k * jnp.sin((phi + theta) / 2) * jnp.sin((phi - theta) / 2)
    density = jnp.exp(log_density + (dim - 2) * jnp.log(jnp.maximum(relative, _TINY)))
    excess = jnp.abs(gap - 2 * jnp.sin(phi / 2) ** 2)  # |cos φ − A|
    return -0.5 * length[..., 0] * jnp.sum(density * excess * weights, axis=-1)
