"""Convolutions as matrix products, beside XLA's own: values and slopes, of one image and of several."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from jaxvae.fast.window_products import (
    fast_corner_products,
    fast_window_products,
    plain_corner_products,
    plain_window_products,
)
from tests.fast.rows import close, normal

CASES = [
    (fast_window_products, plain_window_products, 2, 5),
    (fast_window_products, plain_window_products, 3, 4),
    (fast_corner_products, plain_corner_products, 2, 2),  # fewer features than channels: shifted products
    (fast_corner_products, plain_corner_products, 2, 9),  # more: patches
]


@pytest.mark.parametrize(("fast", "plain", "size", "features"), CASES)
@pytest.mark.parametrize(("height", "width"), [(5, 7), (3, 3)])
def test_both_forms_have_the_same_values_and_slopes(
    fast: Callable, plain: Callable, size: int, features: int, height: int, width: int
) -> None:
    images, kernel = normal(3, height, width, 4), normal(size**2 * 4, features)

    def of(form: Callable[..., jax.Array]) -> Any:
        over_batch = jax.vmap(form, (0, None))
        slopes = jax.grad(lambda images, kernel: jnp.sum(jnp.sin(over_batch(images, kernel))), (0, 1))
        return form(images[0], kernel), over_batch(images, kernel), slopes(images, kernel)

    jax.tree.map(close, jax.jit(of, static_argnums=0)(fast), jax.jit(of, static_argnums=0)(plain))
