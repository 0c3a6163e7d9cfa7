"""The surroundings of a script: streams that lack letters or close early, signals, and failures of the machine."""

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any, TextIO

import jax

from jaxvae.errors import SurroundingsError

_OF_A_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)


class Terminated(KeyboardInterrupt):
    """A SIGTERM, as a cluster sends it before it takes a machine away: a run saves what it has."""


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """Run a script in any surroundings.

    Letters that a stream cannot show become `?`; a reader that goes away, as `head` does, ends the output and not the
    work; SIGTERM is an exception, so that checkpoints are saved. −∞ is a value in training (the best score before the
    first), and numbers move to the device as they are needed: JAX's debugging of the two is for functions of your own.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Patient(sys.stdout), _Patient(sys.stderr)  # type: ignore[assignment]
    handler = signal.signal(signal.SIGTERM, _terminate)
    try:
        with jax.debug_infs(False), jax.transfer_guard("allow"):
            yield
    finally:
        signal.signal(signal.SIGTERM, handler)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = before


def _terminate(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise Terminated


class _Patient:
    """A text stream that discards its text once its reader is gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._give_up()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._give_up()

    def _give_up(self) -> None:
        """Discard the stream's buffer too, which Python flushes at the end."""
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self._stream.fileno())
        os.close(nothing)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def explained(error: BaseException) -> SurroundingsError | None:
    """One line for a failure of the disk, the memory or the device; None for any other error."""
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.errno in _OF_A_DISK:
        where = f" at {error.filename}" if error.filename else ""
        return SurroundingsError(f"the disk must take what is written, got {error.strerror}{where}: make room")
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text or "Out of memory" in text:
        return SurroundingsError(
            f"the model and a batch must fit the memory, got {text[:120] or 'too little'}: lower --batch_size or the "
            f"sizes of the networks, or add --remat"
        )
    platforms = os.environ.get("JAX_PLATFORMS")
    is_of_backends = isinstance(error, AssertionError) and not text  # jax ends so where a platform has no device
    if "Unable to initialize backend" in text or (platforms and is_of_backends):
        return SurroundingsError(
            f"JAX must find a device, got none with JAX_PLATFORMS={platforms or ''}: unset it, or install the "
            f"jaxlib of that platform"
        )
    return None
