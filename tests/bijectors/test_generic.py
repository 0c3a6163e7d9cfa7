"""Every bijector of the table: its volume is that of its Jacobian, its inverse is one, its start is the identity."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.bijectors import Bijector
from jaxvae.typing import Array, Key, Params
from tests.components import BIJECTORS
from tests.helpers import assert_finite

every_row = pytest.mark.parametrize("build", BIJECTORS.values(), ids=BIJECTORS)

CONTEXT_DIM = 4
DIMS = (2, 5)  # and 3 in single precision
POINTS = 6


def parameters(bijector: Bijector, key: Key, dim: int) -> tuple[Params, Array]:
    """Weights far from their start, and a context."""
    keys = jax.random.split(key, 3)
    leaves, structure = jax.tree.flatten(bijector.init(keys[0], dim, CONTEXT_DIM))
    noise = [0.7 * jax.random.normal(key, leaf.shape) for key, leaf in zip(jax.random.split(keys[1], 40), leaves)]  # noqa: B905
    weights = jax.tree.unflatten(structure, [leaf + one for leaf, one in zip(leaves, noise, strict=True)])
    return weights, jax.random.normal(keys[2], (bijector.context_size(dim, CONTEXT_DIM),))


def points(dim: int) -> np.ndarray:
    """`[POINTS, dim]`: near 0, at 0, and far out."""
    sizes = np.array([1.0, 1.0, 3.0, 0.0, 30.0, 1000.0])
    return np.random.default_rng(dim).normal(size=(POINTS, dim)) * sizes[:, None]


class Case:
    """A bijector at several points in float64, computed in one program and shared by the tests below."""

    def __init__(self, build: Callable[[], Bijector], dim: int) -> None:
        self.build, self.dim = build, dim

        def everything(key: Key, z: Array) -> dict[str, Array]:
            bijector = build()
            weights, context = parameters(bijector, key, dim)
            forward = partial(bijector.forward_and_log_det, weights, context)
            inverse = partial(bijector.inverse_and_log_det, weights, context)

            def one(z: Array) -> dict[str, Array]:
                (y, log_det), (back, back_log_det) = forward(z), inverse(z)  # z stands for a y in the second
                return {
                    "y": y,
                    "log_det": log_det,
                    "jacobian": jax.jacfwd(lambda z: forward(z)[0])(z),
                    "inverse_log_det": back_log_det,
                    "inverse_jacobian": jax.jacrev(lambda y: inverse(y)[0])(z),
                    "there_and_back": inverse(y)[0],
                    "log_det_there_and_back": log_det + inverse(y)[1],
                    "back_and_there": forward(back)[0],
                }

            return jax.vmap(one)(z)

        with jax.enable_x64(True):
            self.z = points(dim)
            results = jax.jit(everything)(jax.random.key(dim), jnp.asarray(self.z))
            assert all(value.dtype == jnp.float64 for value in results.values())
            self.results = {name: np.asarray(value) for name, value in results.items()}


CASES = [pytest.param((build, dim), id=f"{name}-{dim}") for name, build in BIJECTORS.items() for dim in DIMS]


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(*request.param)


@pytest.mark.fast_rows(1)
def test_log_det_is_that_of_the_jacobian(case: Case) -> None:
    for direction in ("", "inverse_"):
        log_det, jacobian = (case.results[f"{direction}{name}"] for name in ("log_det", "jacobian"))
        assert log_det.shape == (POINTS,)
        sign, expected = np.linalg.slogdet(jacobian)
        np.testing.assert_allclose(np.abs(sign), 1.0)
        np.testing.assert_allclose(log_det, expected, rtol=1e-9, atol=1e-9)


def test_inverse_undoes_forward_and_the_other_way_round(case: Case) -> None:
    results = case.results
    scale = np.max(np.abs(case.z), axis=-1, keepdims=True) + 1.0
    np.testing.assert_allclose(results["there_and_back"] / scale, case.z / scale, atol=1e-8)
    np.testing.assert_allclose(results["back_and_there"] / scale, case.z / scale, atol=1e-8)
    np.testing.assert_allclose(results["log_det_there_and_back"], np.zeros(POINTS), atol=1e-6)
    assert np.any(np.abs(results["y"] - case.z) > 0.1), "the identity proves nothing"


@pytest.mark.fast_rows(2)
@every_row
def test_starts_at_the_identity_or_keeps_volumes(build: Callable[[], Bijector]) -> None:
    """With fresh weights and a context of zeros, within 5% of a standard deviation: weights start at a hundredth."""
    bijector, z = build(), jnp.asarray([0.5, -1.0, 0.3])
    context = jnp.zeros(bijector.context_size(3, CONTEXT_DIM))

    @jax.jit
    def start(key: Key) -> tuple[Array, Array]:
        return bijector.forward_and_log_det(bijector.init(key, 3, CONTEXT_DIM), context, z)

    y, log_det = start(jax.random.key(0))
    np.testing.assert_allclose(log_det, 0.0, atol=0.05)
    if "Permutation" not in repr(bijector):
        np.testing.assert_allclose(y, z, atol=0.05)
    np.testing.assert_allclose(np.sort(y), np.sort(z), atol=0.05)


@pytest.mark.fast_rows(2)
@every_row
def test_float32_loses_little(build: Callable[[], Bijector]) -> None:
    """Log-determinants and the way there and back in single precision, at points within three standard deviations."""
    bijector = build()

    @jax.jit
    def both(key: Key, z: Array) -> tuple[Array, Array, Array]:
        weights, context = parameters(bijector, key, 3)
        y, log_det = bijector.forward_and_log_det(weights, context, z)
        back, back_log_det = bijector.inverse_and_log_det(weights, context, y)
        return back, log_det, back_log_det

    z = jnp.asarray([0.7, -2.0, 1.1])
    back, log_det, back_log_det = both(jax.random.key(1), z)
    assert back.dtype == log_det.dtype == jnp.float32
    np.testing.assert_allclose(back, z, atol=2e-4)
    np.testing.assert_allclose(log_det + back_log_det, 0.0, atol=2e-4)


@pytest.mark.fast_rows(2)
@every_row
def test_finite_value_and_gradient_at_extremes(build: Callable[[], Bijector]) -> None:
    """Contexts and points of size 0, 1e-4 and 1e4, both ways."""
    bijector = build()
    weights = jax.jit(partial(bijector.init, dim=3, context_dim=CONTEXT_DIM))(jax.random.key(0))
    rng, sizes = np.random.default_rng(1), np.array([0.0, 1e-4, 1e-4, 1e4, 1e4, 1e4])[:, None]
    contexts = jnp.asarray(sizes * rng.normal(size=(6, bijector.context_size(3, CONTEXT_DIM))), jnp.float32)
    points = jnp.asarray(sizes * rng.normal(size=(6, 3)), jnp.float32)

    def everything(weights: Params, context: Array, z: Array) -> Array:
        values = [bijector.forward_and_log_det(weights, context, z), bijector.inverse_and_log_det(weights, context, z)]
        return jnp.concatenate([jnp.append(value, log_det) for value, log_det in values])

    both = jax.vmap(lambda *args: (everything(*args), jax.jacrev(everything, (0, 1, 2))(*args)), (None, 0, 0))
    assert_finite(jax.jit(both)(weights, contexts, points))


@pytest.mark.fast_rows(2)
@every_row
def test_one_dimension_works_or_is_refused_in_one_line(build: Callable[[], Bijector]) -> None:
    bijector = build()

    @jax.jit
    def both(key: Key, z: Array) -> tuple[Array, ...]:
        weights, context = parameters(bijector, key, 1)
        y, log_det = bijector.forward_and_log_det(weights, context, z)
        slope = jax.jacfwd(lambda z: bijector.forward_and_log_det(weights, context, z)[0])(z)
        return bijector.inverse_and_log_det(weights, context, y)[0], log_det, jnp.log(jnp.abs(slope[0, 0]))

    if "Coupling" in repr(bijector):
        with pytest.raises(jv.UserError, match="at least 2 dimensions"):
            both(jax.random.key(0), jnp.asarray([0.4]))
    else:
        back, log_det, expected = both(jax.random.key(0), jnp.asarray([0.4]))
        np.testing.assert_allclose(back, [0.4], atol=1e-4)
        np.testing.assert_allclose(log_det, expected, atol=1e-5)
