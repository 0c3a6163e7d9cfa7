"""Geometry of the Poincaré ball of curvature −c: the points with c‖x‖² < 1, stable up to its rim.

Points are `[*batch, d]`, the curvature `[*batch, 1]`. Each function is smooth everywhere inside, also at 0 and at equal
points. Ungar 2008; Ganea, Bécigneul and Hofmann 2018, section 2.4.
"""

import jax.numpy as jnp

from jaxvae.typing import Array

RIM = 1e-5  # points stay at √c‖x‖ ≤ 1 − RIM, at distance 12.2 / √c from 0: nearer, 1 − c‖x‖² has no digits in float32
_SMALL = 1e-4  # squares below which four terms of a Taylor series are exact to 1e-17


def _square(x: Array) -> Array:
    return jnp.sum(x**2, axis=-1, keepdims=True)


def to_rim(x: Array, curvature: Array) -> Array:
    """x, or if it lies beyond the rim, the point of the rim in its direction."""
    radius = (1 - RIM) / jnp.sqrt(curvature)
    is_beyond = _square(x) > radius**2
    return jnp.where(is_beyond, x * radius / jnp.sqrt(jnp.where(is_beyond, _square(x), 1.0)), x)


def gap(x: Array, curvature: Array) -> Array:
    """1 − c‖x‖², `[*batch, 1]`; 2 / gap is the conformal factor λ, the length of a unit of coordinates at x."""
    return 1 - curvature * _square(x)


def tanh_ratio(square: Array) -> Array:
    """tanh(√s) / √s."""
    is_small = square < _SMALL
    root = jnp.sqrt(jnp.where(is_small, 1.0, square))
    return jnp.where(is_small, 1 - square / 3 + 2 * square**2 / 15 - 17 * square**3 / 315, jnp.tanh(root) / root)


def asinh_ratio(square: Array) -> Array:
    """asinh(√s) / √s."""
    is_small = square < _SMALL
    root = jnp.sqrt(jnp.where(is_small, 1.0, square))
    return jnp.where(is_small, 1 - square / 6 + 3 * square**2 / 40 - 15 * square**3 / 336, jnp.arcsinh(root) / root)


def exp_map(base: Array, vector: Array, curvature: Array) -> Array:
    """The end of the geodesic from `base` along `vector`, whose Euclidean length is the distance travelled.

    base ⊕ tanh(√c‖v‖/2) v / (√c‖v‖), with Möbius addition
    x ⊕ y = [(1 + 2c x·y + c‖y‖²) x + (1 − c‖x‖²) y] / (1 + 2c x·y + c²‖x‖²‖y‖²); the end stays within the rim.
    `vector` is parallel-transported from 0: in coordinates at `base` it is v / λ(base).
    """
    c = curvature
    end = to_rim(0.5 * vector * tanh_ratio(c * _square(vector) / 4), c)  # as seen from 0
    apart = c * _square(base + end)
    # 1 + 2c x·y + c‖y‖² = c‖x + y‖² + 1 − c‖x‖², and the denominator likewise: sums of positive numbers
    numerator = (apart + gap(base, c)) * base + gap(base, c) * end
    return to_rim(numerator / (apart + gap(base, c) * gap(end, c)), c)


def sinh_square(base: Array, point: Array, curvature: Array) -> Array:
    """sinh²(√c distance / 2) = c‖point − base‖² / ((1 − c‖base‖²) (1 − c‖point‖²)), `[*batch, 1]`."""
    return curvature * _square(point - base) / (gap(base, curvature) * gap(point, curvature))


def log_map(base: Array, point: Array, curvature: Array) -> Array:
    """The vector that `exp_map` takes from `base` to `point`; its length is their distance.

    (2/√c) artanh(√c‖y‖) y / ‖y‖ with y = −base ⊕ point, whose numerator is g δ − c‖δ‖² base, δ = point − base,
    g = 1 − c‖base‖², and whose length is that of δ over the root of its own denominator.
    """
    c, delta = curvature, point - base
    near, far = gap(base, c), gap(point, c)
    numerator = near * delta - c * _square(delta) * base
    root = jnp.sqrt(near * far * (c * _square(delta) + near * far))
    return 2 * asinh_ratio(sinh_square(base, point, c)) * numerator / root
