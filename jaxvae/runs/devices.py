"""The devices of a script: a mesh of the devices of one process, or of several."""

import contextlib
import dataclasses
import os
import sys
import traceback
from collections.abc import Iterator
from typing import NoReturn

import jax

from jaxvae.cli.surroundings import INTERRUPTED, SURROUNDINGS, USER_ERROR
from jaxvae.errors import UserError
from jaxvae.training.mesh import DATA, MODEL, make_mesh

_SECONDS_TO_CONNECT = 300
_SECONDS_WITHOUT_SIGN = 20  # after which a process counts as dead
_SECONDS_TO_END = 7 * 24 * 3600  # the first process evaluates while the others wait


@dataclasses.dataclass(frozen=True)
class DeviceFlags:
    """The devices of the training; their number changes results only by rounding, and may change with --resume.

    Args:
        mesh: data=N spreads each batch over N groups of devices; data=N,model=M cuts wide parameters into M parts, one
            on each device of a group. By default one device.
        coordinator: address:port of the first process, if several train together; `auto` if the cluster states it
            (Slurm, TPU pods).
        num_processes: how many processes train together; needed with an address.
        process_id: number of this process, from 0; needed with an address.
    """

    mesh: str | None = None
    coordinator: str | None = None
    num_processes: int | None = None
    process_id: int | None = None

    def __post_init__(self) -> None:
        self.sizes()
        if self.coordinator is not None and self.mesh is None:
            raise UserError("--coordinator needs --mesh, the devices of all processes: add --mesh data=N")
        has_address = self.coordinator not in (None, "auto")
        for name in ("num_processes", "process_id"):
            if has_address and getattr(self, name) is None:
                raise UserError(
                    f"--coordinator {self.coordinator} needs --num_processes and --process_id, got no --{name}"
                )
            if not has_address and getattr(self, name) is not None:
                raise UserError(f"--{name} is for --coordinator address:port, got --coordinator {self.coordinator}")
        if has_address and self.process_id not in range(self.num_processes or 0):
            raise UserError(
                f"--process_id must be one of the --num_processes {self.num_processes}, counted from 0, got "
                f"{self.process_id}"
            )

    def sizes(self) -> dict[str, int]:
        """The sizes of the mesh by axis, empty for one device.

        Raises:
            UserError: unless it reads like data=4 or data=4,model=2.
        """
        sizes: dict[str, int] = {}
        for part in [] if self.mesh is None else self.mesh.split(","):
            name, _, size = part.strip().partition("=")
            if name not in (DATA, MODEL) or name in sizes or not size.isdecimal() or int(size) < 1:
                raise UserError(f"--mesh must read like data=4 or data=4,model=2, got {self.mesh!r}")
            sizes[name] = int(size)
        return sizes


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
    except jax.errors.JaxRuntimeError as error:
        what = " ".join(str(error).split())[:120]
        _end(f"a process that trains with this one ended; start all of them again with --resume ({what})", SURROUNDINGS)
    except Exception:
        _end(traceback.format_exc(), 1)


def _end(line: str, code: int) -> NoReturn:
    """End without the runtime's shutdown, which would wait for the others."""
    print(f"error: process {jax.process_index()}: {line}", file=sys.stderr, flush=True)
    os._exit(code)
