"""The equation that inverts planar and Sylvester maps."""

import jax
import jax.numpy as jnp

from jaxvae.typing import Array

_HALVINGS = 100  # from a bracket of 2e8 down to one rounding in float64, with some to spare


def solve_monotone(outer: Array, inner: Array, shift: Array, target: Array) -> Array:
    """The number v with v + outer · tanh(inner · v + shift) = target, where outer · inner > −1.

    The left side then rises with v, and |tanh| ≤ 1 brackets the solution by target ± |outer|. Halving finds it to the
    last digit. One step of Newton's method from there adds the gradient, which is that of the implicit function.
    """

    def excess(v: Array, outer: Array, inner: Array, shift: Array, target: Array) -> tuple[Array, Array]:
        bend = jnp.tanh(inner * v + shift)
        return v + outer * bend - target, 1.0 + outer * inner * (1.0 - bend**2)

    equation = (outer, inner, shift, target)
    fixed = jax.lax.stop_gradient(equation)

    def halve(_: Array, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = 0.5 * low + 0.5 * high
        is_above = excess(middle, *fixed)[0] > 0.0
        return jnp.where(is_above, low, middle), jnp.where(is_above, middle, high)

    bracket = (fixed[3] - jnp.abs(fixed[0]), fixed[3] + jnp.abs(fixed[0]))
    low, high = jax.lax.fori_loop(0, _HALVINGS, halve, bracket)
    v = 0.5 * low + 0.5 * high
    rest, slope = excess(v, *equation)
    return v - rest / jax.lax.stop_gradient(slope)
