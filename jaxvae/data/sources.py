"""The source files of a named set: their records in tensorflow-datasets, and whether they are here."""

import hashlib
import http.client
import threading
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jaxvae.errors import UserError

CONNECT_SECONDS = 2.0  # of the quick check whether a host answers; tensorflow-datasets would try for 204 s
MAX_DESCRIBED = 12  # files that one error message lists: some sets have thousands


class SourceFile(NamedTuple):
    """One file to download: `size` in bytes, `sha256` in hexadecimal."""

    name: str
    url: str
    sha256: str
    size: int


def source_files(url_infos: Mapping[str, Any] | None) -> list[SourceFile]:
    """The files of a builder, from its `url_infos`; empty if it records none."""
    infos = (url_infos or {}).items()
    return [SourceFile(info.filename or url.split("/")[-1], url, info.checksum, int(info.size)) for url, info in infos]


def describe(files: Sequence[SourceFile]) -> str:
    """Name, URL and hash of each file.

    >>> describe([SourceFile("a.gz", "https://example.org/a.gz", "0ff1ce", 3)])
    'a.gz from https://example.org/a.gz (sha256 0ff1ce)'
    """
    lines = [f"{file.name} from {file.url} (sha256 {file.sha256})" for file in files[:MAX_DESCRIBED]]
    more = len(files) - len(lines)
    return "; ".join([*lines, f"and {more:,} more files"] if more else lines)


def missing_files(files: Iterable[SourceFile], folder: Path | None) -> list[SourceFile]:
    """Those of `files` that `folder` lacks; all of them if it is None.

    Raises:
        UserError: if `folder` is not a folder, or holds a file of the right name with another sha256.
    """
    if folder is None:
        return list(files)
    if not folder.is_dir():
        raise UserError(f"`source` must be a folder that holds the source files, got {folder}; give an existing folder")
    missing = []
    for file in files:
        path = folder / file.name
        if not path.is_file():
            missing.append(file)
            continue
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        if found != file.sha256:
            raise UserError(
                f"{path} must have sha256 {file.sha256}, got {found}: a damaged or different file; download it again "
                f"from {file.url}"
            )
    return missing


def host_answers(url: str, seconds: float = CONNECT_SECONDS) -> bool:
    """Whether the host of `url` answers within `seconds`, including the look-up of its name."""
    answered = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=seconds):
                answered.set()
        except urllib.error.HTTPError as error:
            if error.code < 500:  # some hosts refuse HEAD; from 500 on tensorflow-datasets tries again for minutes
                answered.set()
        except (OSError, ValueError, http.client.HTTPException):
            pass

    # a thread, since no timeout stops the look-up of a name; a daemon, so that a hanging one does not delay the exit
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return answered.is_set()
