"""The rows that wait for a GPU train: a few steps each, on a few images of the right size."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import construct, parse
from jaxvae.cli.setup import set_up_from
from jaxvae.runs.first_state import first_state
from jaxvae.training.epoch import Batch, train_step
from jaxvae.typing import Array, Params
from tests.conftest import ROOT
from tests.helpers import assert_finite

CONFIGS = sorted((ROOT / "experiments" / "reproduce").glob("*.yaml"))
WAITING = [path for path in CONFIGS if re.search("^# hardware:", path.read_text(), flags=re.MULTILINE)]
BATCH = 3


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Binary images of 28 × 28, enough for 500 pseudo-inputs."""
    path = tmp_path_factory.mktemp("data") / "images.npz"
    generator = np.random.default_rng(0)
    sizes = {"train": 510, "validation": 7, "test": 5}
    np.savez(path, **{name: generator.integers(0, 2, (n, 28, 28), np.uint8) for name, n in sizes.items()})
    return str(path)


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize("config", WAITING, ids=lambda path: path.stem)
def test_a_row_that_waits_for_a_gpu_trains(config: Path, arrays: str) -> None:
    """Two steps: finite bounds, every parameter that is learned receives a finite gradient, and most of them one."""
    parser = experiment_parser("")
    flags = ["--config", str(config), "--data", arrays, "--binarize", "none", "--batch_size", str(BATCH)]
    values = construct(parser, parse(parser, flags))
    values["validation_fraction"] = None
    setup = set_up_from(values)
    before = first_state(setup, seed=0)
    step = jax.jit(train_step)
    state, images = before, jnp.asarray(setup.dataset.train.values)
    for i in range(2):
        batch = Batch(jnp.arange(BATCH) + BATCH * i, jnp.ones(BATCH, bool))
        state, metrics = step(setup.training, state, images, batch)
        assert_finite(metrics)
        assert float(metrics["loss"]) > 100.0  # 784 random bits are 543 nats
    assert_finite(state.params)
    moved = jax.tree.map(lambda one, other: bool(jnp.any(one != other)), before.params, state.params)
    assert np.mean(jax.tree.leaves(moved)) > 0.7


@pytest.mark.slow
def test_the_two_layers_are_those_of_the_paper() -> None:
    """q(z₁, z₂|x) = q(z₁|x) q(z₂|z₁) and p(z₁, z₂) = p(z₂) p(z₁|z₂), both normal, and p(x|z) sees z₁ alone."""
    parser = experiment_parser("")
    config = next(path for path in WAITING if path.stem == "iwae_50_two_layers")
    values = construct(parser, parse(parser, ["--config", str(config)]))
    model = jv.VAE(
        data_shape=(28, 28, 1),
        **{name: values[name] for name in ("latent_dim", "encoder", "decoder", "posterior", "prior")},
    )
    params = model.init(jax.random.key(0))
    for part in ("posterior", "prior"):  # gains away from their small start
        weights = params[part]["weights"]
        params[part]["weights"] = jax.tree_util.tree_map_with_path(
            lambda path, leaf: leaf + 0.5 if path[-1].key == "gain" else leaf, weights
        )
    x = jax.random.uniform(jax.random.key(1), (28, 28, 1))
    q, p = model.encode(params, x), model.prior.distribution(model, params)

    def layer_above(weights: Params, given: Array, z: Array) -> Array:
        """log N(z; t, exp s) with (t, raw) from the tanh network of the row and s = 3 tanh(raw / 3)."""
        dense = [jax.tree.map(lambda leaf: leaf[0], weights["network"]["params"][f"Dense_{i}"]) for i in range(3)]
        h = given
        for layer in dense[:2]:
            h = jnp.tanh(h @ layer["kernel"] + layer["bias"])
        loc, raw = weights["gain"][0] * (h @ dense[2]["kernel"] + dense[2]["bias"]).reshape(2, -1)
        return jnp.sum(jax.scipy.stats.norm.logpdf(z, loc, jnp.exp(3 * jnp.tanh(raw / 3))))

    z = q.sample(jax.random.key(3))
    first, second = z[:100], z[100:]
    bottom = jv.posteriors.DiagonalNormal().distribution(
        model, params, model.posterior_features(params, x).reshape(2, 100)
    )
    expected = bottom.log_prob(first) + layer_above(params["posterior"]["weights"], first, second)
    np.testing.assert_allclose(q.log_prob(z), expected, rtol=1e-5)

    coupling = params["prior"]["weights"]["1"]  # between two reversals of the order
    expected = jnp.sum(jax.scipy.stats.norm.logpdf(second)) + layer_above(coupling, second[::-1], first[::-1])
    np.testing.assert_allclose(p.log_prob(z), expected, rtol=1e-5)
    np.testing.assert_array_equal(model.decode(params, z).mean, model.decode(params, z.at[100:].add(1.0)).mean)
