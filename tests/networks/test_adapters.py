"""Modules of Flax NNX and Equinox as networks: the same numbers, trained and kept like any other."""

import sys
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import jaxvae as jv
from jaxvae.data import Preprocessing
from jaxvae.networks import FromEquinox, FromNNX
from jaxvae.training import Optimizer, Training, TrainState, create_state, train_epoch
from jaxvae.training.checkpoint import restore_checkpoint, save_checkpoint
from tests.components.networks import NNX, equinox
from tests.helpers import assert_finite, assert_trees_close, binary_batch, tiny_vae

OUTPUT_SHAPE = (2, 5)
X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


def modules() -> dict[str, tuple[Any, Any]]:
    """Each adapter, and a module made with the key that it will be given."""
    return {
        "nnx": (FromNNX(NNX), NNX(nnx.Rngs(jax.random.key(3)), X.shape, OUTPUT_SHAPE)),
        "equinox": (FromEquinox(equinox), equinox(jax.random.key(3), X.shape, OUTPUT_SHAPE)),
    }


class Holding(nnx.Module):
    """More than parameters."""

    def __init__(self, rngs: nnx.Rngs, input_shape: Any, output_shape: Any) -> None:
        self.dropout = nnx.Dropout(0.5, rngs=rngs)


class Integers(eqx.Module):
    """An array that has no gradient."""

    order: jax.Array

    def __init__(self, key: jax.Array, input_shape: Any, output_shape: Any) -> None:
        self.order = jax.random.permutation(key, 6)


class Short(nnx.Module):
    """The output of another shape."""

    def __init__(self, rngs: nnx.Rngs, input_shape: Any, output_shape: Any) -> None:
        self.weight = nnx.Param(jnp.zeros(7))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Seven numbers."""
        return self.weight[...]


@pytest.mark.slow
@pytest.mark.parametrize("library", ["nnx", "equinox"])
def test_it_is_the_function_of_the_module(library: str) -> None:
    network, module = modules()[library]
    params = network.init(jax.random.key(3), jnp.asarray(X), OUTPUT_SHAPE)
    expected = np.asarray(module(jnp.asarray(X))).reshape(OUTPUT_SHAPE)
    np.testing.assert_allclose(network.apply(params, jnp.asarray(X), OUTPUT_SHAPE), expected, rtol=1e-6, atol=1e-6)
    assert jax.tree.all(jax.tree.map(lambda leaf: leaf.dtype == jnp.float32, params))
    with jax.enable_x64():
        x = jnp.asarray(X, jnp.float64)
        double = network.init(jax.random.key(3), x, OUTPUT_SHAPE)
        assert network.apply(double, x, OUTPUT_SHAPE).dtype == jnp.float64


@pytest.mark.slow
@pytest.mark.parametrize("library", ["nnx", "equinox"])
def test_it_is_trained_and_kept_in_a_checkpoint(library: str, tmp_path: Path) -> None:
    """Three steps move every parameter, and a checkpoint brings them back."""
    network = modules()[library][0]
    training = Training(
        tiny_vae(encoder=network, decoder=network),
        Preprocessing(maximum=None, binarize="none"),
        Optimizer(learning_rate=0.01),
        batch_size=5,
    )
    images = binary_batch(batch=15)

    def start(training: Training) -> TrainState:
        return create_state(training, jax.random.key(0), None, len(images))

    before = jax.jit(start)(training)
    after, _ = jax.jit(train_epoch)(training, before, images)
    assert int(after.step) == 3
    assert_finite(after.params)
    for name in ("encoder", "decoder"):
        moved = jax.tree.map(lambda one, other: bool(np.any(one != other)), before.params[name], after.params[name])
        assert len(jax.tree.leaves(moved)) == 4
        assert all(jax.tree.leaves(moved)), moved
    save_checkpoint(tmp_path, "last", after)
    assert_trees_close(restore_checkpoint(tmp_path, "last", before).params, after.params, rtol=0, atol=0)


def test_an_import_path_stands_for_what_it_names() -> None:
    by_name = FromNNX("tests.components.networks.NNX")
    x, key = jnp.asarray(X), lambda: jax.random.key(1)
    params = by_name.init(key(), x, OUTPUT_SHAPE)
    assert_trees_close(params, FromNNX(NNX).init(key(), x, OUTPUT_SHAPE), rtol=0, atol=0)
    assert by_name.apply(params, x, OUTPUT_SHAPE).shape == OUTPUT_SHAPE
    assert hash(by_name) == hash(FromNNX("tests.components.networks.NNX"))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (FromNNX(Holding), r"^FromNNX.build must return a function .* holds RngCount, RngKey: leave out dropout"),
        (FromEquinox(Integers), r"^FromEquinox.build must return a function .* holds an array of int32"),
        (FromNNX(lambda *_: 3), r"^FromNNX.build must return a Module of flax, got int"),
        (FromEquinox(lambda *_: jnp.sin), r"^FromEquinox.build must return a Module of equinox, got "),
        (
            FromNNX(Short),
            r"^FromNNX.build must return a module that puts out 10 numbers, .*got the shape \(7,\)",
        ),
    ],
    ids=["state", "integers", "no module", "a function", "another size"],
)
def test_a_module_that_is_no_network_is_named(network: Any, message: str) -> None:
    x = jnp.asarray(X)
    with pytest.raises(jv.UserError, match=message):
        network.apply(network.init(jax.random.key(0), x, OUTPUT_SHAPE), x, OUTPUT_SHAPE)


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (3, "got 3$"),
        ("no_module.build", "found no module 'no_module'"),
        ("math.nothing", "the module math has no 'nothing'"),
        ("math.pi", "'math.pi'$"),
    ],
)
def test_a_build_that_is_no_function_is_named(build: Any, reason: str) -> None:
    with pytest.raises(jv.UserError, match=rf"^FromNNX.build must be a function or a class, or its import.*{reason}"):
        FromNNX(build)


def test_without_equinox_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "equinox", None)
    with pytest.raises(jv.UserError, match=r"^FromEquinox needs Equinox, which is not installed: pip install equinox"):
        FromEquinox(equinox).init(jax.random.key(0), jnp.asarray(X), OUTPUT_SHAPE)
