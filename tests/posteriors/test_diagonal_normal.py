"""Mean and scale of the diagonal normal posterior, as its docstring says."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.posteriors import DiagonalNormal
from tests.helpers import init, tiny_vae
from tests.sizes import DATA_SHAPE


def scale_of(raw: float) -> np.ndarray:
    outputs = jnp.stack([jnp.array([0.5, -3.0]), jnp.full(2, raw)])
    q = DiagonalNormal().distribution(tiny_vae(), {}, outputs)
    np.testing.assert_array_equal(q.mean, [0.5, -3.0])  # the first row is the mean
    return np.asarray(q.scale)


def test_scale_is_a_floor_and_a_softplus() -> None:
    for raw in (-3.0, 0.0, 0.7, 20.0):
        expected = 1e-4 + np.log1p(np.exp(raw + np.log(np.expm1(1.0))))
        np.testing.assert_allclose(scale_of(raw), np.full(2, expected), rtol=1e-5)
    np.testing.assert_allclose(scale_of(0.0), np.full(2, 1.0001), rtol=1e-6)
    np.testing.assert_allclose(scale_of(-1e4), np.full(2, 1e-4), rtol=1e-6)


def test_a_fresh_network_starts_at_a_scale_of_about_one() -> None:
    model, xs = tiny_vae(), np.random.default_rng(0).normal(size=(50, *DATA_SHAPE)).astype(np.float32)
    q = jax.jit(jax.vmap(model.encode, (None, 0)))(init(model, jax.random.key(0)), xs)
    assert np.all((q.scale > 0.1) & (q.scale < 5.0))
    assert 0.5 < np.median(q.scale) < 2.0
