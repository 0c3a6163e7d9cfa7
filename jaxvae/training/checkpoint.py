"""Checkpoints: the whole training state on disk, written by orbax, replaced atomically."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

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
    folder, handler = (run_dir / "checkpoints" / name).absolute(), ocp.StandardCheckpointHandler()
    return ocp.CheckpointManager(folder, options=options, item_handlers=handler)


def save_checkpoint(run_dir: Path, name: Name, state: TrainState) -> None:
    """Write a state as `checkpoints/<name>/<step>`; the previous one is removed once this one is complete."""
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
        UserError: if there is no such checkpoint, it is damaged, or it belongs to another architecture.
    """
    import orbax.checkpoint as ocp

    path = run_dir / "checkpoints" / name
    step = checkpoint_step(run_dir, name)
    if step is None:
        raise UserError(
            f"a checkpoint is expected in {path}, found none: the run ended before its first, or they were "
            f"removed; train it again with `overwrite=True`"
        )
    with _manager(run_dir, name) as manager:
        try:
            found, expected = _shapes(manager.item_metadata(step)), _shapes(like)
            if found == expected:
                return manager.restore(step, args=ocp.args.StandardRestore(jax.tree.map(_where, like)))
        except Exception as error:  # orbax raises the errors of its parts, or a bare Exception
            raise UserError(
                f"{path} must be a complete checkpoint, got one that cannot be read: train again with `overwrite=True` "
                f"({' '.join(str(error).split())[:200]})"
            ) from error
    other = next(where for where in sorted(found | expected) if found.get(where) != expected.get(where))
    raise UserError(
        f"{path} must hold the state of the model that config.yaml describes, got {found.get(other, 'nothing')} for "
        f"{other}, where {expected.get(other, 'nothing')} is expected: restore config.yaml, or train again"
    )


def restore_parameters(run_dir: Path, name: Name = "best") -> dict[str, Any]:
    """The parameters that evaluation uses, of any model, by names such as `encoder/hidden_0/kernel`.

    Raises:
        UserError: if there is no such checkpoint, or it is damaged.
    """
    import orbax.checkpoint as ocp

    path, step = run_dir / "checkpoints" / name, checkpoint_step(run_dir, name)
    if step is None:
        raise UserError(f"a checkpoint is expected in {path}, found none: give the folder of a finished run")
    with _manager(run_dir, name) as manager:
        try:
            metadata = manager.item_metadata(step)
            here = SingleDeviceSharding(jax.local_devices()[0])
            like = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=here), metadata)
            state = manager.restore(step, args=ocp.args.StandardRestore(like))
        except Exception as error:  # orbax raises the errors of its parts, or a bare Exception
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"{path} must be a complete checkpoint, got one that cannot be read ({reason})") from error
    leaves, _ = jax.tree_util.tree_flatten_with_path(state)
    named = {jax.tree_util.keystr(where, simple=True, separator="/"): leaf for where, leaf in leaves}
    part = "average/" if any(where.startswith("average/") for where in named) else "params/"
    return {where.removeprefix(part): leaf for where, leaf in named.items() if where.startswith(part)}


def _shapes(tree: Any) -> dict[str, tuple[int, ...]]:
    """Shapes by path; a state in the form that orbax stores has lost the types of its nodes."""
    tree = jax.tree.map(lambda leaf: jax.eval_shape(jax.random.key_data, leaf) if _is_key(leaf) else leaf, tree)
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): tuple(leaf.shape) for path, leaf in leaves}


def _is_key(leaf: Any) -> bool:
    return jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _where(leaf: jax.Array | jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
    """Shape, type and devices: by default a checkpoint would return to the devices on which it was written."""
    sharding = leaf.sharding or SingleDeviceSharding(jax.local_devices()[0])
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)


def checkpoint_step(run_dir: Path, name: Name) -> int | None:
    """The step of a checkpoint, or None if there is none."""
    folders = (run_dir / "checkpoints" / name).glob("*")
    return max((int(folder.name) for folder in folders if folder.name.isdigit()), default=None)
