"""The data, the code and the machine behind the figures of a document."""

import hashlib
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from jaxvae.data.preprocessing import content_hash
from jaxvae.fast import is_fast
from jaxvae.hardware import describe_hardware
from jaxvae.observation import Example, number_of, value_of
from jaxvae.version import __version__


def provenance(x: Example, **context: Any) -> dict[str, Any]:
    """The data and the code with which every figure of a document was measured.

    Args:
        x: preprocessed test data, `[n, *data_shape]`, or an `Observation` of them.
        context: further entries (data set, run, seed, epoch).
    """
    return {
        **context,
        "num_examples": number_of(x),
        "num_dimensions": int(np.prod(value_of(x).shape[1:])),
        "test_set_sha256": content_hash(x),
        "code": {
            "jaxvae": __version__,
            "commit": commit_of_the_code(),
            "sources_sha256": _sources_hash(),
            **{package: version(package) for package in ("jax", "numpy", "scikit-learn")},
            "python": platform.python_version(),
            "formulas": "fast" if is_fast() else "plain",
        },
        "hardware": describe_hardware(),
    }


_PACKAGE = Path(__file__).resolve().parent.parent


def _sources_hash() -> str:
    """SHA-256 of the package's sources, which identifies code that differs from its commit or has none."""
    content = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        content.update(f"{path.relative_to(_PACKAGE).as_posix()}\n".encode() + path.read_bytes())
    return content.hexdigest()


def commit_of_the_code() -> str | None:
    """The commit of the package, with `-dirty` if its files differ from it; None outside a checkout."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=_PACKAGE, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        # installed inside another repository, its commit says nothing
        git("ls-files", "--error-unmatch", "__init__.py")
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ".")
        return git("rev-parse", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None
