"""The hardware of a computation, and how programs are compiled for it."""

import os
import platform
import re
from functools import cache
from pathlib import Path
from typing import Any

import jax

_CPU_INFO = Path("/proc/cpuinfo")  # of Linux
_ON_CPU = {
    # matrix products by Eigen, only sums by YNNPACK
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_REDUCE",
    "xla_cpu_prefer_vector_width": 512,
}


def available_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def compiler_options() -> dict[str, Any]:
    """Options of XLA by which the library's programs are compiled, for the outermost `jax.jit` or `compile`.

    They change speed, and results only by rounding. On a CPU, these are the options that the installed XLA knows;
    elsewhere there are none. `scripts/benchmark.py mlp_epoch iwae_epoch` measures them: "compiled plainly" is without.

    >>> program = jax.jit(lambda x: x + 1.0).lower(1.0).compile(compiler_options())
    >>> float(program(1.0))
    2.0
    """
    return {name: value for name, value in _ON_CPU.items() if jax.default_backend() == "cpu" and _is_known(name)}


@cache
def _is_known(name: str) -> bool:
    try:
        jax.jit(lambda: 0).lower().compile({name: _ON_CPU[name]})
    except jax.errors.JaxRuntimeError:
        return False
    return True


def compiled(function: Any, *arguments: Any) -> jax.stages.Compiled:
    """The program of a jitted function for these arguments, with `compiler_options`.

    >>> float(compiled(jax.jit(lambda x: x + 1.0), 1.0)(1.0))
    2.0
    """
    return function.lower(*arguments).compile(compiler_options())


def describe_hardware() -> str:
    """Devices of JAX, and the processor, to quote with a measured time.

    >>> describe_hardware().endswith(")")
    True
    """
    cores = available_cores()
    return (
        f"{jax.device_count()} {jax.devices()[0].device_kind}, {cores} core{'s' if cores > 1 else ''} ({_processor()})"
    )


def _processor() -> str:
    text = _CPU_INFO.read_text(encoding="utf-8") if _CPU_INFO.is_file() else ""
    found = re.search(r"^model name\s*: (.+)$", text, flags=re.MULTILINE)
    return ", ".join([*([found[1].strip()] if found else []), platform.machine()])
