"""Whether a compiled program fits the memory, before it runs."""

from pathlib import Path

import jax

from jaxvae.errors import UserError

_GIB = 2**30


def check_memory(program: jax.stages.Compiled, name: str, available: int | None = None) -> None:
    """Refuse a program that needs more than there is, where a process would be killed without a word.

    Args:
        program: compiled.
        name: what it does, for the message.
        available: memory [bytes]; by default that of the device, or what the machine has left.

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
            f"{needed / _GIB:,.1f} GiB: lower --batch_size (all draws of all examples of a step are held at once), the "
            f"number of draws, or the network"
        )


def available_memory() -> int | None:
    """Bytes that a program may take: the device's limit where it states one, else what the machine has left."""
    statistics = jax.devices()[0].memory_stats()
    if statistics and "bytes_limit" in statistics:
        return statistics["bytes_limit"] - statistics.get("bytes_in_use", 0)
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        return None
    lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024
