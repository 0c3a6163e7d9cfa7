"""A function of one example over a data set: padding, order, precision, and giving up."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxvae.evaluation import in_batches

NUM_EXAMPLES = 11


def score(key: jax.Array, example: jax.Array) -> dict[str, jax.Array]:
    return {"sum": jnp.sum(example), "noise": jax.random.normal(key, dtype=example.dtype)}


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(NUM_EXAMPLES, 3, 2)).astype(np.float32)


@pytest.mark.parametrize("size", [1, 4, NUM_EXAMPLES, 30])
def test_batches_keep_the_order_and_drop_the_padding(x: np.ndarray, size: int) -> None:
    key = jax.random.key(1)
    batches = list(in_batches(score)(key, x, size))
    assert [len(batch["sum"]) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    found = {name: np.concatenate([batch[name] for batch in batches]) for name in ("sum", "noise")}
    np.testing.assert_allclose(found["sum"], x.sum(axis=(1, 2)), rtol=1e-5)
    alone = [jax.random.normal(jax.random.fold_in(key, index)) for index in range(NUM_EXAMPLES)]
    np.testing.assert_array_equal(found["noise"], np.stack(alone))


def test_arguments_of_a_partial_share_one_program(x: np.ndarray) -> None:
    traced = []

    def scaled(scale: jax.Array, key: jax.Array, example: jax.Array) -> dict[str, jax.Array]:
        traced.append(scale)
        return {"sum": scale * jnp.sum(example)}

    for scale in (1.0, 3.0):
        partial = jax.tree_util.Partial(scaled, jnp.asarray(scale))
        sums = np.concatenate([batch["sum"] for batch in in_batches(partial)(jax.random.key(0), x, 4)])
        np.testing.assert_allclose(sums, scale * x.sum(axis=(1, 2)), rtol=1e-5)
    assert len(traced) == 1


def test_precision_is_that_of_the_caller(x: np.ndarray) -> None:
    with jax.enable_x64(True):
        batches = list(in_batches(score)(jax.random.key(1), x.astype(np.float64), 4))
    assert {batch["sum"].dtype for batch in batches} == {np.dtype(np.float64)}


@pytest.mark.slow
def test_lapack_is_called_by_one_thread_at_a_time() -> None:
    """Two calls at a time wait for each other for ever."""

    def density(key: jax.Array, example: jax.Array) -> dict[str, jax.Array]:
        factor = jnp.linalg.cholesky(jnp.outer(example, example) + 5.0 * jnp.eye(len(example)))
        noise = jax.random.normal(key, (200, len(example)))
        return {"log_det": jnp.sum(jnp.log(jnp.diag(factor))), "solved": jnp.sum(jnp.linalg.solve(factor, noise.T))}

    rows = np.random.default_rng(1).normal(size=(400, 24)).astype(np.float32)
    found = np.concatenate([batch["log_det"] for batch in in_batches(density)(jax.random.key(0), rows, 8)])
    expected = [np.linalg.slogdet(np.outer(row, row) + 5.0 * np.eye(24))[1] / 2 for row in rows]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_whoever_stops_early_leaves_no_thread_behind(x: np.ndarray) -> None:
    before = set(threading.enumerate())
    batches = in_batches(score)(jax.random.key(0), x, 1)
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert set(threading.enumerate()) == before
