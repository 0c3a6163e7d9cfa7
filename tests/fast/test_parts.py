"""The rule that cuts a step into parts, on losses whose kept values can be counted by hand."""

import jax
import jax.numpy as jnp
import pytest

from jaxvae.fast import parts
from jaxvae.training.mesh import make_mesh
from jaxvae.typing import Params

BATCH, WIDTH = 12, 250


def two_layers(weights: Params, x: jax.Array) -> tuple[jax.Array, dict]:
    """Keeps x W₁ and x for the gradient, of each example WIDTH + 2 numbers, and W₂ of all of them, 3 WIDTH numbers."""
    return jnp.mean(jnp.sum((x @ weights["first"]) @ weights["second"], axis=-1)), {}


@pytest.mark.parametrize(
    ("batch", "examples", "count"),  # how many examples fit beside W₂
    [
        (BATCH, BATCH, 1),
        (BATCH, BATCH - 1, 2),
        (BATCH, 3, 4),
        (BATCH, 2.9, 1),  # in 6 parts, the next divisor of 12 after 5, the W₂ would take more than the examples
        (BATCH, 0, 1),
        (BATCH - 1, 4, 1),  # 3 would do, but divide 11 only as 11
    ],
)
def test_parts_fit_the_cache_and_do_not_repeat_more_than_they_hold(
    monkeypatch: pytest.MonkeyPatch, batch: int, examples: float, count: int
) -> None:
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    monkeypatch.setattr(parts, "CACHE", int(4 * (3 * WIDTH + examples * (WIDTH + 2))))
    weights = {"first": jnp.ones((2, WIDTH)), "second": jnp.ones((WIDTH, 3))}
    assert parts.fast_fitting_parts(two_layers, weights, (jnp.ones((batch, 2)),)) == count
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert parts.fast_fitting_parts(two_layers, weights, (jnp.ones((batch, 2)),)) == 1


def test_a_mesh_is_not_cut_into_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "CACHE", 4 * (3 * WIDTH + 3 * (WIDTH + 2)))
    weights, x = {"first": jnp.ones((2, WIDTH)), "second": jnp.ones((WIDTH, 3))}, jnp.ones((BATCH, 2))
    assert parts.fast_fitting_parts(two_layers, weights, (x,)) > 1
    with jax.set_mesh(make_mesh(1)):
        assert parts.fast_fitting_parts(two_layers, weights, (x,)) == 1


def test_plain_formulas_are_computed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    monkeypatch.setattr(parts, "CACHE", 4 * (3 * WIDTH + 3 * (WIDTH + 2)))
    weights, x = {"first": jnp.ones((2, WIDTH)), "second": jnp.ones((WIDTH, 3))}, jnp.ones((BATCH, 2))
    for switch, count in {"1": 4, "0": 1}.items():
        monkeypatch.setenv("JAXVAE_FAST", switch)
        assert parts.fitting_parts(two_layers, weights, (x,)) == count
