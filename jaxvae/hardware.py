"""What a computation runs on."""

import os
import platform
import re
from pathlib import Path

import jax

_CPU_INFO = Path("/proc/cpuinfo")  # of Linux


def available_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe_hardware() -> str:
    """Devices of JAX, and the processor: what a figure of time is quoted with.

    >>> describe_hardware().endswith(")")
    True
    """
    cores = available_cores()
    return (
        f"{jax.device_count()} {jax.devices()[0].device_kind}, {cores} core{'s' if cores > 1 else ''} ({_processor()})"
    )


def _processor() -> str:
    text = _CPU_INFO.read_text() if _CPU_INFO.is_file() else ""
    found = re.search(r"^model name\s*: (.+)$", text, flags=re.MULTILINE)
    return ", ".join([*([found[1].strip()] if found else []), platform.machine()])
