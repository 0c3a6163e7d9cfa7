"""The places of arrays on several devices: examples are spread over all, large parameters are cut by a rule.

Nothing here changes values. On one device, or outside `jax.set_mesh`, each function returns its argument.
"""

from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from jaxvae.data.records import Records
from jaxvae.errors import UserError
from jaxvae.typing import Array

DATA, MODEL = "data", "model"
CUT_FROM = 2**14  # numbers: a smaller array costs less to keep everywhere than to gather

Tree = TypeVar("Tree")


def make_mesh(data: int = 1, model: int = 1) -> Mesh:
    """A mesh of `data` × `model` devices, for `jax.set_mesh`.

    A batch is spread over all devices; parameters, their moving average and the optimiser's moments are cut into
    `model` parts by `cut_parameters`, and repeated `data` times (fully sharded data parallelism within each group of
    `model` devices: Zhao et al. 2023, "PyTorch FSDP", section 3.2).

    Args:
        data: groups of devices that hold the same parameters [groups].
        model: devices that share one copy of the parameters [devices].

    Raises:
        UserError: if the devices cannot be divided into meshes of that size, or if some processes would have no part.

    Example:
        >>> make_mesh(data=1).axis_names
        ('data', 'model')
    """
    present, wanted = jax.device_count(), data * model
    if jax.process_count() > 1 and wanted != present:
        raise UserError(
            f"the mesh must take all {present} devices of the {jax.process_count()} processes, got data={data} × "
            f"model={model}: choose factors of {present}"
        )
    if present % wanted:
        kind = jax.devices()[0].platform
        noun = f"{kind} device{'s' if present > 1 else ''}"
        more = "; XLA_FLAGS=--xla_force_host_platform_device_count=8 makes 8 of one processor" if kind == "cpu" else ""
        raise UserError(
            f"the mesh must divide the {present} {noun} present, got data={data} × model={model} = {wanted}: "
            f"choose factors of {present}{more}"
        )
    auto = (AxisType.Auto, AxisType.Auto)
    return jax.make_mesh((data, model), (DATA, MODEL), auto, devices=jax.devices()[:wanted])


def is_set() -> bool:
    """Whether a mesh is set by `jax.set_mesh`."""
    return not jax.sharding.get_abstract_mesh().empty


def check_mesh() -> None:
    """Check that training can run in the mesh that is set.

    Raises:
        UserError: if its axes are explicit, as `jax.make_mesh` makes them by default: batches are selected by index.
    """
    if is_set() and AxisType.Explicit in jax.sharding.get_abstract_mesh().axis_types:
        raise UserError(
            "training needs a mesh with automatic axes, got explicit ones: take jaxvae.training.mesh.make_mesh, or "
            "jax.make_mesh(..., axis_types=(jax.sharding.AxisType.Auto, ...))"
        )


def over_devices(tree: Tree) -> Tree:
    """Spread the first axis of every array over all devices of the mesh that is set."""
    if not is_set():
        return tree
    return jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, _over_all()), tree)


def cut_parameters(tree: Tree) -> Tree:
    """Cut each array of `CUT_FROM` numbers or more along its longest axis that `model` divides; repeat the others."""
    if not is_set():
        return tree
    parts = jax.sharding.get_abstract_mesh().shape.get(MODEL, 1)
    return jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, _cut(leaf.shape, parts)), tree)


def _over_all() -> PartitionSpec:
    """The first axis over all axes of the mesh, for any names of these."""
    return PartitionSpec(jax.sharding.get_abstract_mesh().axis_names)


def _cut(shape: tuple[int, ...], parts: int) -> PartitionSpec:
    lengths = [length if length % parts == 0 else 0 for length in shape]
    if parts == 1 or np.prod(shape) < CUT_FROM or not any(lengths):
        return PartitionSpec()
    axis = int(np.argmax(lengths))
    return PartitionSpec(*[MODEL if index == axis else None for index in range(len(shape))])


def place_examples(examples: Any) -> Any:
    """Training data on the devices: spread over them if their number divides it, else whole on each.

    Each process copies only the rows of its own devices. Data on disk stay there.

    Args:
        examples: arrays or `Records` with one leading axis, or an `Observation` of them.
    """
    return jax.tree.map(_placed, examples, is_leaf=lambda leaf: isinstance(leaf, Records))


def _placed(values: np.ndarray | Records) -> Array | Records:
    if isinstance(values, Records):
        return values
    if not is_set():
        return jax.numpy.asarray(values)
    mesh = jax.sharding.get_mesh()
    sharding = _spread() if len(values) % mesh.size == 0 else NamedSharding(mesh, PartitionSpec())
    return jax.make_array_from_callback(values.shape, sharding, lambda rows: values[rows])


def rows_here(batch_size: int) -> np.ndarray:
    """Which rows of a batch the devices of this process hold, in order."""
    if not is_set():
        return np.arange(batch_size)
    held = _spread().addressable_devices_indices_map((batch_size,)).values()
    return np.concatenate(sorted((np.arange(batch_size)[rows] for rows in held), key=lambda part: part[0]))


def place_batches(rows: np.ndarray, batch_size: int) -> Array:
    """Batches `[steps, batch, …]`, each spread over the devices; a process gives its own rows (`rows_here`)."""
    if not is_set():
        return jax.numpy.asarray(rows)
    sharding = NamedSharding(jax.sharding.get_mesh(), PartitionSpec(None, *_over_all()))
    return jax.make_array_from_process_local_data(sharding, rows, (len(rows), batch_size, *rows.shape[2:]))


def _spread() -> NamedSharding:
    return NamedSharding(jax.sharding.get_mesh(), _over_all())


def on_every_device(tree: Tree) -> Tree:
    """The numbers of a description as arrays on all devices, so that no step brings them from the host."""
    if not is_set():
        return jax.device_put(tree)
    return jax.jit(lambda leaves: leaves, out_shardings=NamedSharding(jax.sharding.get_mesh(), PartitionSpec()))(tree)


def on_one_device(tree: Tree) -> Tree:
    """The same arrays whole, on the first device of this process."""
    if not is_set():
        return tree
    whole = NamedSharding(jax.sharding.get_mesh(), PartitionSpec())
    gathered = jax.jit(lambda leaves: leaves, out_shardings=whole)(tree)
    return jax.tree.map(lambda leaf: leaf.addressable_data(0), gathered)
