"""Several devices: the losses of one, work and memory divided, checkpoints that go from some to others."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from jaxvae.errors import UserError
from jaxvae.training.mesh import cut_parameters, make_mesh, over_devices
from tests.conftest import ROOT
from tests.training.on_meshes import EPOCHS, MESHES, RESUMED_FROM


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment["XLA_FLAGS"] = os.environ["XLA_FLAGS"] + " --xla_force_host_platform_device_count=8"
    command = [sys.executable, "-m", "tests.training.on_meshes", str(tmp_path_factory.mktemp("mesh"))]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("mesh", [f"{data}x{model}" for data, model in MESHES[1:]])
def test_all_meshes_give_the_losses_of_one_device_over_100_steps(runs: dict[str, Any], mesh: str) -> None:
    assert len(runs[mesh]["losses"]) == 2 * EPOCHS  # of 5 steps each
    np.testing.assert_allclose(runs[mesh]["losses"], runs["1x1"]["losses"], rtol=1e-5)


@pytest.mark.slow
def test_a_transformation_of_optax_is_divided_and_trains_as_the_same_chain_of_the_library(runs: dict[str, Any]) -> None:
    run = runs["of Optax on 2x2"]
    np.testing.assert_allclose(run["losses"], runs["1x1"]["losses"], rtol=1e-4)
    assert (run["wide"], run["held"]) == (4 * 4, [1 / 2])


def test_one_epoch_is_another_than_the_next(runs: dict[str, Any]) -> None:
    assert np.ptp(runs["1x1"]["losses"][::2]) > 1.0


@pytest.mark.parametrize(("data", "model"), MESHES)
def test_work_and_memory_are_divided(runs: dict[str, Any], data: int, model: int) -> None:
    run, alone = runs[f"{data}x{model}"], runs["1x1"]
    assert run["images_held"] == 80 // (data * model)
    assert run["wide"] == 4 * 4  # of each matrix the weights, their moving average, two moments
    assert run["held"] == [1 / model]
    updates = 0.17  # their share of the operations, which `data` does not divide
    assert run["flops"] < 1.2 * alone["flops"] * ((1 - updates) / (data * model) + updates / model)
    assert run["devices_after"] == 1


@pytest.mark.parametrize("mesh", ["1x1", "8x1", "2x4"])
def test_a_checkpoint_of_four_devices_goes_on_on_others(runs: dict[str, Any], mesh: str) -> None:
    rest = runs["written"]["losses"][2 * RESUMED_FROM :]
    np.testing.assert_allclose(runs[f"resumed on {mesh}"]["losses"], rest, rtol=1e-5)


def test_data_that_the_devices_do_not_divide(runs: dict[str, Any]) -> None:
    assert runs["odd"]["images_held"] == 77
    np.testing.assert_allclose(runs["odd"]["losses"], runs["odd alone"]["losses"], rtol=1e-5)


def test_without_a_mesh_nothing_is_touched() -> None:
    tree = {"x": np.zeros((3, 2))}
    assert over_devices(tree) is tree
    assert cut_parameters(tree) is tree


def test_devices_that_are_not_there() -> None:
    with pytest.raises(UserError, match=rf"divide the {jax.device_count()} .* present, got data=3 × model=5 = 15"):
        make_mesh(data=3, model=5)


@pytest.mark.slow
def test_networks_work_in_a_mesh_with_explicit_axes(tmp_path: Path) -> None:
    """The axes of `jax.make_mesh` are explicit by default; training in such a mesh is refused in one line."""
    program = """
import jax, jax.numpy as jnp, numpy as np
import jaxvae as jv
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from jaxvae.data import Preprocessing
from jaxvae.networks import MLP, Conv, GatedMLP, ResNet
from jaxvae.training import Training
from jaxvae.training.state import create_state

def losses(place):
    image = (9, 6, 2)
    for shape, network in ((5,), MLP((8,))), ((5,), GatedMLP((7,))), (image, Conv((3, 4))), (image, ResNet((3,))):
        model = jv.VAE(shape, 2, network, network)
        params = jax.jit(model.init)(jax.random.key(0))
        keys, x = place(jax.random.split(jax.random.key(1), 4)), place(jnp.ones((4, *shape)))
        def loss(params):
            return jnp.mean(jax.vmap(lambda key, x: jv.elbo(model, params, key, x).value)(keys, x))
        value, gradient = jax.jit(jax.value_and_grad(loss))(params)
        yield float(value), *(float(jnp.sum(leaf**2)) for leaf in jax.tree.leaves(gradient["encoder"]))

alone = list(losses(lambda array: array))
training = Training(jv.VAE((5,), 2, MLP((8,)), MLP((8,))), Preprocessing(), batch_size=2, epochs=1)
mesh = jax.make_mesh((2,), ("examples",), axis_types=(AxisType.Explicit,))
with jax.set_mesh(mesh):
    spread = list(losses(lambda array: jax.device_put(array, NamedSharding(mesh, PartitionSpec("examples")))))
    try:
        create_state(training, jax.random.key(0), None, 4)
    except jv.UserError as error:
        print(error)
for one, other in zip(alone, spread, strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-5)
with jax.set_mesh(jax.make_mesh((2,), ("examples",), axis_types=(AxisType.Auto,))):
    create_state(training, jax.random.key(0), None, 4)
print("done")
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "training needs a mesh with automatic axes, got explicit ones" in done.stdout
    assert done.stdout.endswith("done\n")
