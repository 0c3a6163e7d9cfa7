"""Whether a compiled program fits the memory, before it runs."""

import math
from pathlib import Path

import jax
import jax.numpy as jnp

from jaxvae.errors import UserError
from jaxvae.typing import PyTree

_GIB = 2**30
_CONTROL_GROUP = Path("/sys/fs/cgroup")


def check_memory(program: jax.stages.Compiled, name: str, available: int | None = None) -> None:
    """Refuse a program that needs more memory than there is; otherwise the process would be killed without a message.

    Args:
        program: compiled.
        name: of the program, for the message.
        available: memory [bytes]; by default that of the device, or the machine's free memory.

    Raises:
        UserError: if its intermediate values and results take more.
    """
    analysis = program.memory_analysis()
    available = available_memory() if available is None else available
    if analysis is None or available is None:
        return
    needed = analysis.temp_size_in_bytes + analysis.output_size_in_bytes
    if needed > available:
        raise UserError(
            f"{name} must fit the memory, {available / _GIB:,.1f} GiB, got a program that needs "
            f"{needed / _GIB:,.1f} GiB: cut the batch into chunks {math.ceil(needed / available)} times smaller by "
            f"`batch_size` (all draws of all examples of a step are held at once), or lower the number of draws"
        )


def check_state_fits(state: PyTree, available: int | None = None) -> None:
    """Refuse a model whose training would not fit the memory, before anything of it is allocated.

    Args:
        state: of the training, by its shapes; two are held, the current one and the best.
        available: memory [bytes]; by default that of the device, or the machine's free memory.

    Raises:
        UserError: naming the number of parameters and what they need.
    """
    available = available_memory() if available is None else available
    leaves = [jax.eval_shape(jax.random.key_data, leaf) if _is_key(leaf) else leaf for leaf in jax.tree.leaves(state)]
    needed = 2 * sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)
    if available is not None and needed > available:
        raise UserError(
            f"the model must fit the memory, {available / _GIB:,.1f} GiB, got one whose training needs "
            f"{needed / _GIB:,.1f} GiB and more: lower `latent_dim` or the sizes of the networks, or take smaller "
            f"examples"
        )


def _is_key(leaf: jax.ShapeDtypeStruct) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def available_memory() -> int | None:
    """Bytes that a program may use: the device's limit if it states one, else the machine's free memory."""
    statistics = jax.local_devices()[0].memory_stats()
    if statistics and "bytes_limit" in statistics:
        return statistics["bytes_limit"] - statistics.get("bytes_in_use", 0)
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        return None
    lines = dict(line.split(":", 1) for line in meminfo.read_text(encoding="utf-8").splitlines())
    return int(min(int(lines["MemAvailable"].split()[0]) * 1024, _left_in_container()))


def _left_in_container() -> float:
    """Bytes that a control group leaves this process; infinite if none limits it."""
    try:
        limit, used = ((_CONTROL_GROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return math.inf
    return math.inf if limit == "max" else int(limit) - int(used)
