"""What a block is: work for one GPU that ends by itself within nine minutes, and its result."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

SECONDS = 540.0  # of a block, at most
ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "docs" / "gpu_blocks"


def sources_hash() -> str:
    """Of the code that a block runs: a bundle knows it, so that a result names the code that made it."""
    folders = ("jaxvae", "experiments", "scripts")
    files = [path for folder in folders for suffix in ("py", "yaml") for path in (ROOT / folder).rglob(f"*.{suffix}")]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


class Settings(NamedTuple):
    """How a block is to run."""

    out: Path
    """Folder of its log and its result."""
    seconds: float = SECONDS
    """After which it must have ended."""
    small: bool = False
    """A few steps with a few examples, on any device that JAX finds: a rehearsal."""

    @property
    def state(self) -> Path:
        """Folder of what a block that was cut off goes on from; it comes back with the result."""
        folder = self.out / "run"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


class Block(NamedTuple):
    """One unit of work."""

    name: str
    about: str
    """What it shows, in a line."""
    run: Callable[[Settings], dict[str, Any]]
    """Its figures; `done` is False where it was cut off and goes on at the next call."""
    data: tuple[str, ...] = ()
    """Sets that the bundle must hold."""
    gigabytes: float = 8.0
    """Memory of the GPU that it needs."""
    aim: float | None = None
    """−log p(x) to come below, or down to [nats]."""
