"""The monotone rational-quadratic spline of one number."""

import jax
import jax.numpy as jnp

from jaxvae.distributions.transforms import positive
from jaxvae.typing import Array

MIN_BIN = 1e-3  # least share of a bin in width and height: bounds slopes, and keeps knots apart in float32
MIN_SLOPE = 1e-3  # at the knots: keeps the logarithm of the slope finite


def _knots(raw: Array, bound: Array | float) -> Array:
    """Increasing knots from −bound to bound, `[bins + 1]`, evenly spaced for raw = 0."""
    shares = MIN_BIN + (1.0 - MIN_BIN * raw.size) * jax.nn.softmax(raw)
    inner = 2.0 * jnp.cumsum(shares)[:-1] - 1.0
    return bound * jnp.concatenate([-jnp.ones_like(raw[:1]), inner, jnp.ones_like(raw[:1])])


def rational_quadratic(raw: Array, x: Array, bound: Array | float, *, is_inverse: bool) -> tuple[Array, Array]:
    """The spline (or its inverse) of one number, and the logarithm of its slope there.

    In the bin between the knots (x_k, y_k), with width w, height h, s = h / w, θ = (x − x_k) / w and slopes d_k:

        y = y_k + h [s θ² + d_k θ(1 − θ)] / [s + (d_{k+1} + d_k − 2s) θ(1 − θ)]

    Outside of ±bound it is the identity, with slope 1 at both ends. Durkan, Bekasov, Murray and Papamakarios 2019,
    section 3.1.

    Args:
        raw: unbounded widths, heights and inner slopes, `[3 bins − 1]`; zeros give the identity.
        x: a number, `[]`.
        bound: B, half the width of the spline, > 0.
        is_inverse: solve y → x instead.
    """
    bins = (raw.size + 1) // 3
    xs, ys = _knots(raw[:bins], bound), _knots(raw[bins : 2 * bins], bound)
    one = jnp.ones_like(raw[:1])
    slopes = jnp.concatenate([one, positive(raw[2 * bins :], 0.0) * (1.0 - MIN_SLOPE) + MIN_SLOPE, one])
    is_inside = jnp.abs(x) < bound
    inside = jnp.where(is_inside, x, 0.0)
    k = jnp.sum(inside >= (ys if is_inverse else xs)[1:-1])  # the bin
    width, height, low, high = xs[k + 1] - xs[k], ys[k + 1] - ys[k], slopes[k], slopes[k + 1]
    slope = height / width
    bend = high + low - 2.0 * slope
    if is_inverse:
        rise = inside - ys[k]
        a = height * (slope - low) + rise * bend
        b = height * low - rise * bend
        c = -slope * rise
        discriminant = jnp.maximum(b**2 - 4.0 * a * c, jnp.finfo(raw.dtype).tiny)  # > 0, except for rounding
        theta = 2.0 * c / (-b - jnp.sqrt(discriminant))  # the form without cancellation
        value = xs[k] + theta * width
    else:
        theta = (inside - xs[k]) / width
        value = ys[k] + height * (slope * theta**2 + low * theta * (1.0 - theta)) / (
            slope + bend * theta * (1.0 - theta)
        )
    both = theta * (1.0 - theta)
    numerator = slope**2 * (high * theta**2 + 2.0 * slope * both + low * (1.0 - theta) ** 2)
    log_slope = jnp.log(numerator) - 2.0 * jnp.log(slope + bend * both)
    log_slope = -log_slope if is_inverse else log_slope
    return jnp.where(is_inside, value, x), jnp.where(is_inside, log_slope, 0.0)
