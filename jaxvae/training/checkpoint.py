"""Checkpoints: the whole training state on disk, written by orbax, replaced atomically."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import jax
from jax.sharding import SingleDeviceSharding

from jaxvae.errors import UserError
from jaxvae.training.state import TrainState

if TYPE_CHECKING:
    from orbax.checkpoint import CheckpointManager

Name = Literal["best", "last"]


def _manager(run_dir: Path, name: Name) -> "CheckpointManager":
    import orbax.checkpoint as ocp  # late, because it takes most of a second

    options = ocp.CheckpointManagerOptions(max_to_keep=1, enable_async_checkpointing=False)
    return ocp.CheckpointManager((run_dir / "checkpoints" / name).absolute(), options=options)


def save_checkpoint(run_dir: Path, name: Name, state: TrainState) -> None:
    """Write a state as `checkpoints/<name>/<step>`; the one before it is removed once this one is complete."""
    import orbax.checkpoint as ocp

    step = int(state.step)
    with _manager(run_dir, name) as manager:
        written = manager.latest_step()
        if written is None or written < step:
            manager.save(step, args=ocp.args.StandardSave(state))


def restore_checkpoint(run_dir: Path, name: Name, like: TrainState) -> TrainState:
    """Read `checkpoints/<name>` back.

    Args:
        run_dir: the run directory.
        name: `best` or `last`.
        like: a state of the same structure, shapes and dtypes; its values do not matter.

    Raises:
        UserError: if there is no such checkpoint, or it belongs to another architecture.
    """
    import orbax.checkpoint as ocp

    path = run_dir / "checkpoints" / name
    step = checkpoint_step(run_dir, name)
    if step is None:
        raise UserError(
            f"a checkpoint is expected in {path}, found none, because the run ended before its first: train it again "
            f"with --overwrite"
        )
    with _manager(run_dir, name) as manager:
        try:
            return manager.restore(step, args=ocp.args.StandardRestore(jax.tree.map(_where, like)))
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{path} must hold the state of the model that config.yaml describes, got another one: restore "
                f"config.yaml, or train anew ({' '.join(str(error).split())[:200]})"
            ) from error


def _where(leaf: jax.Array | jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
    """Shape, type and place: by default a checkpoint would go back to the devices that it was written on."""
    sharding = leaf.sharding or SingleDeviceSharding(jax.local_devices()[0])
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)


def checkpoint_step(run_dir: Path, name: Name) -> int | None:
    """The step of a checkpoint, or None if there is none."""
    folders = (run_dir / "checkpoints" / name).glob("*")
    return max((int(folder.name) for folder in folders if folder.name.isdigit()), default=None)
