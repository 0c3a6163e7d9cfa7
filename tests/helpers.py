"""What many tests share: a tiny model with all sizes distinct, statistical assertions, a counter of traces."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jaxvae as jv
from jaxvae.typing import Array, Key, PyTree
from tests.components import POSTERIORS, PRIORS, condition_for
from tests.sizes import BATCH, DATA_SHAPE, LATENT_DIM

LINEAR = jv.networks.MLP((), output_gain=1.0)


def partner(component: Any) -> Any:
    """The first row of the other family (posteriors, priors) that lives in the component's space."""
    is_prior = isinstance(component, jv.priors.Prior)
    others = [build() for build in (POSTERIORS if is_prior else PRIORS).values()]
    own = [
        other for other in others if other.space is not None
    ]  # a prior that fits every space says nothing of its own
    return next(other for other in own if other.space.fits(component.space))


def tiny_vae(**swap: Any) -> jv.VAE:
    """A VAE whose sizes all differ: data (4, 3, 1), latent 2, no hidden layer, and an encoder and a decoder not quiet.

    `swap` replaces its components; a posterior or a prior brings its partner with it.
    """
    parts = {"latent_dim": LATENT_DIM, "encoder": LINEAR, "decoder": LINEAR}
    parts["data_shape"] = DATA_SHAPE
    if "posterior" in swap and "prior" not in swap:
        parts["prior"] = partner(swap["posterior"])
    if "prior" in swap and "posterior" not in swap:
        parts["posterior"] = partner(swap["prior"])
    if "prior" in swap:
        parts["condition"] = condition_for(swap["prior"])
    return jv.VAE(**(parts | swap))


init = jax.jit(jv.init)  # one program for each architecture, shared by all tests of a file


def binary_batch(seed: int = 0, batch: int = BATCH) -> Array:
    """`[batch, *DATA_SHAPE]` of zeros and ones."""
    return jnp.asarray(np.random.default_rng(seed).integers(0, 2, (batch, *DATA_SHAPE)), jnp.float32)


def keys(seed: int, count: int) -> Key:
    """Keys made again at each call: key-reuse checking takes two uses of one array for a mistake."""
    return jax.random.split(jax.random.key(seed), count)


def counting(function: Callable[..., Any]) -> tuple[Callable[..., Any], list[None]]:
    """`jit(function)` and a list that grows by one at each trace."""
    traces: list[None] = []

    def traced(*args: Any) -> Any:
        traces.append(None)
        return function(*args)

    return jax.jit(traced), traces


def assert_trees_close(actual: PyTree, expected: PyTree, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Two pytrees of one structure with equal shapes and close numbers."""
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


def assert_finite(tree: PyTree) -> None:
    """No NaN and no infinity anywhere."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        assert np.all(np.isfinite(leaf)), jax.tree_util.keystr(path)


def mean_and_error(samples: Array) -> tuple[np.ndarray, np.ndarray]:
    """The mean over the first axis and its standard error, in float64."""
    values = np.asarray(samples, np.float64)
    return values.mean(0), values.std(0, ddof=1) / np.sqrt(len(values))


def assert_mean(samples: Array, expected: Any, standard_errors: float = 5.0) -> None:
    """The mean over the first axis is `expected`; at 5 standard errors one number fails with probability 6e-7."""
    mean, error = mean_and_error(samples)
    assert mean.shape == np.shape(expected)
    assert np.all(error > 0), "no spread: this is no statistical test"
    z = (mean - np.asarray(expected, np.float64)) / error
    assert np.all(np.abs(z) < standard_errors), f"off by {z} standard errors of {error}"


def index(tree: PyTree, i: int) -> PyTree:
    """Member `i` of a batched pytree, as numpy arrays (nothing to compile)."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[i], tree)


def check_in_model(build: Callable[[], jv.VAE]) -> None:
    """With any components a model holds the library's promises.

    Compiled and batched by vmap it gives the number of one plain call; its gradient is finite and reaches every
    parameter (and nothing `fixed`); its samples are in its support; the same description built again does not compile
    again.
    """

    def everything(model: jv.VAE) -> tuple[PyTree, Array, Array, PyTree]:
        params = jv.init(model, jax.random.key(0))
        xs = jax.vmap(jv.sample, (None, None, 0))(model, params, keys(1, BATCH))
        elbo = jax.value_and_grad(lambda params, key, x: jv.elbo(model, params, key, x).value)
        return params, xs, *jax.vmap(elbo, (None, 0, 0))(params, keys(2, BATCH), xs)

    everything, traces = counting(everything)
    model = build()
    params, xs, values, gradients = everything(model)
    assert xs.shape == (BATCH, *model.data_shape)
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):  # another type than after a step: compiled twice
        assert not leaf.weak_type, f"give {jax.tree_util.keystr(path)} a dtype"
    assert np.all(model.likelihood.support.contains(np.asarray(xs)))
    assert values.shape == (BATCH,)
    assert_finite((values, gradients))
    for path, leaf in jax.tree_util.tree_leaves_with_path(gradients):
        is_fixed = jax.tree_util.DictKey("fixed") in path  # data
        assert np.any(leaf != 0) != is_fixed, f"{'a' if is_fixed else 'no'} gradient at {jax.tree_util.keystr(path)}"
    plain = jv.elbo(model, params, keys(2, BATCH)[3], xs[3])
    np.testing.assert_allclose(plain.value, values[3], rtol=2e-5, atol=2e-5)
    assert_trees_close(everything(build()), (params, xs, values, gradients), rtol=0, atol=0)
    assert len(traces) == 1, "the same description built again was compiled again"
