"""The devices of a script: a mesh of the devices of one process, or of several."""

import contextlib
import dataclasses
import os
import sys
import traceback
from collections.abc import Iterator
from typing import NoReturn

import jax

from jaxvae.errors import UserError
from jaxvae.exit_codes import INTERRUPTED, SURROUNDINGS, USER_ERROR
from jaxvae.runs.device_flags import DeviceFlags
from jaxvae.training.mesh import make_mesh

_SECONDS_TO_CONNECT = 300
_SECONDS_WITHOUT_SIGN = 20  # after which a process counts as dead
_SECONDS_TO_END = 7 * 24 * 3600  # the first process evaluates while the others wait


@contextlib.contextmanager
def devices(flags: DeviceFlags, batch_size: int, accumulate: int | None) -> Iterator[None]:
    """Connect the processes and set the mesh; to be entered before anything is computed.

    Raises:
        UserError: if the devices cannot be divided so, or the batch cannot be spread over them.
    """
    sizes = flags.sizes()
    if not sizes:
        yield
        return
    if flags.coordinator is not None:
        _connect(flags)
    with _all_or_none() if jax.process_count() > 1 else contextlib.nullcontext():
        mesh = make_mesh(**sizes)
        unit = mesh.size * (accumulate or 1)
        if batch_size % unit:
            parts = f" and {accumulate} parts" if unit > mesh.size else ""
            raise UserError(
                f"--batch_size must be a multiple of the {mesh.size} devices of --mesh {flags.mesh}{parts}, got "
                f"{batch_size}: take {-(-batch_size // unit) * unit}"
            )
        with jax.set_mesh(mesh):
            yield


def is_first() -> bool:
    """Whether this is the process that writes, draws the bar and evaluates."""
    return jax.process_index() == 0


def _connect(flags: DeviceFlags) -> None:
    """Join the other processes by JAX's own runtime."""
    options = {} if flags.coordinator == "auto" else dataclasses.asdict(flags)
    options.pop("mesh", None)
    try:
        jax.distributed.initialize(
            options.get("coordinator"),
            options.get("num_processes"),
            options.get("process_id"),
            initialization_timeout=_SECONDS_TO_CONNECT,
            heartbeat_timeout_seconds=_SECONDS_WITHOUT_SIGN,
            shutdown_timeout_seconds=_SECONDS_TO_END,
        )
    except (RuntimeError, ValueError) as error:
        raise UserError(
            f"the processes must find each other at --coordinator {flags.coordinator}, got: "
            f"{' '.join(str(error).split())[:200]}; start all of them, with one address and different --process_id"
        ) from error


@contextlib.contextmanager
def _all_or_none() -> Iterator[None]:
    """End at once if something is wrong here or another process is gone, since every step needs all."""
    try:
        yield
    except UserError as error:
        _end(str(error), USER_ERROR)
    except KeyboardInterrupt:
        _end("interrupted", INTERRUPTED)
    except Exception as error:
        # JAX raises a failure of the transport as an error of its own, or as a ValueError where numbers are gathered
        if not isinstance(error, jax.errors.JaxRuntimeError) and "Gloo" not in str(error):
            _end(traceback.format_exc(), 1)
        what = " ".join(str(error).split())[:120]
        _end(f"a process that trains with this one ended; start all of them again with --resume ({what})", SURROUNDINGS)


def _end(line: str, code: int) -> NoReturn:
    """End without the runtime's shutdown, which would wait for the others."""
    print(f"error: process {jax.process_index()}: {line}", file=sys.stderr, flush=True)
    os._exit(code)
