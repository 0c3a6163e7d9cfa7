"""Prepare a named data set: source files in, checked and converted, array_record files out."""

import contextlib
import importlib.util
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jaxvae.data.cache import cache_folder, data_folder, move_into_place
from jaxvae.data.names import DIGITS, SHAPES
from jaxvae.data.originals import BINARIZED_ARRAYS, ORIGINALS, unpack_binarized
from jaxvae.data.sources import SourceFile, describe, host_answers, missing_files, source_files
from jaxvae.errors import SurroundingsError, UserError
from jaxvae.invoked import invoked


def prepare(name: str, source: str | os.PathLike | None = None, data_dir: str | os.PathLike | None = None) -> Path:
    """Write the set `name` under `data_dir` and return its folder; a set that exists already is kept.

    Files in the folder `source` are used, and others are downloaded. All are checked against the sha256 that
    tensorflow-datasets records. For `binarized_mnist`, `source` may hold `binarized_mnist.npz` instead. Only the sets
    of `ORIGINALS` are prepared without TensorFlow.

    Raises:
        UserError: if the name is unknown, a file has another hash, or files are missing and their host does not answer.
            Then nothing is left behind.
    """
    if name == DIGITS:
        raise UserError("data set 'digits' is embedded in scikit-learn, there is nothing to prepare; use it as it is")
    if name == SHAPES:
        raise UserError("data set 'shapes' is drawn at each use, there is nothing to prepare; use it as it is")
    from jaxvae.data.builders import is_prepared, named_builder

    root, source = data_folder(data_dir), None if source is None else Path(source)
    builder = named_builder(name, root)
    if is_prepared(builder):
        return Path(builder.data_dir)
    files = source_files(builder.url_infos)
    if name not in ORIGINALS and not _has_tensorflow():
        raise UserError(
            f"data set {name!r} is not prepared in {root}, and preparing it needs TensorFlow: "
            f'pip install "jaxvae[prepare]", then {_how_to(name, root, files)}'
        )
    with tempfile.TemporaryDirectory(prefix="jaxvae-") as unpacked:
        source, missing = _gather(name, files, source, Path(unpacked))
        if missing and not host_answers(missing[0].url):
            lacking = "" if source is None else f", {source} lacks {len(missing)} of its {len(files)} files"
            raise (UserError if source else SurroundingsError)(
                f"data set {name!r} is not prepared in {root}{lacking} and {missing[0].url} does not answer; "
                f"{_how_to(name, root, missing)}"
            )
        if missing:
            size = sum(file.size for file in missing) / 1e6
            print(f"{name}: downloading {len(missing)} files, {size:,.1f} MB", file=sys.stderr)
        return _write(name, root, source, files)


def _has_tensorflow() -> bool:
    return importlib.util.find_spec("tensorflow") is not None


def _gather(
    name: str, files: Sequence[SourceFile], source: Path | None, unpacked: Path
) -> tuple[Path | None, list[SourceFile]]:
    """The folder of the source files, and the missing files; `binarized_mnist.npz` is unpacked into `unpacked`."""
    missing = missing_files(files, source)
    if name != "binarized_mnist" or source is None or not missing or not (source / BINARIZED_ARRAYS).is_file():
        return source, missing
    unpack_binarized(source / BINARIZED_ARRAYS, unpacked)
    try:
        return unpacked, missing_files(files, unpacked)
    except UserError as error:
        raise UserError(f"{source / BINARIZED_ARRAYS} must hold the published images; as text, {error}") from error


def _how_to(name: str, root: Path, files: Sequence[SourceFile]) -> str:
    """What to download and to run, on a machine that is not online."""
    data_dir = "" if root == data_folder(None) else f" --data_dir {shlex.quote(str(root))}"
    catalog = f"https://www.tensorflow.org/datasets/catalog/{name.split('/')[0]}"
    listed = f"these files in FOLDER: {describe(files)}" if files else f"the files in FOLDER that {catalog} asks for"
    return f"run: {invoked('prepare')} {name} --from FOLDER{data_dir} with {listed}"


def _write(name: str, root: Path, source: Path | None, files: Sequence[SourceFile]) -> Path:
    """Build the set in a working folder next to its place, and move it there when it is complete."""
    downloads = root / "downloads" / cache_folder(name, root).name
    try:
        root.mkdir(parents=True, exist_ok=True)
        working = Path(tempfile.mkdtemp(dir=root, prefix=".preparing-"))
    except OSError as error:
        raise UserError(f"the data folder {root} must be writable, got {error.strerror}; give `data_dir`") from error
    try:
        builder = _build(name, working, downloads, source)
        target = root / Path(builder.data_dir).relative_to(working)
        move_into_place(Path(builder.data_dir), target)
    except UserError as error:
        raise UserError(f"{error}; {_how_to(name, root, files)}") from error
    finally:
        _remove(working)
        for folder in (downloads, downloads.parent, root):
            with contextlib.suppress(OSError):  # it stays if it is not empty
                folder.rmdir()
    return target


def _remove(folder: Path, seconds: float = 10.0) -> None:
    """Remove the folder, even while threads write into it: if one download fails, the others continue for a while."""
    give_up = time.monotonic() + seconds
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=time.monotonic() < give_up)
        time.sleep(0.01)


def _build(name: str, working: Path, downloads: Path, source: Path | None) -> Any:
    """Run the builder in the folder `working`; the downloads of a stock set can be large and stay in `downloads`."""
    import tensorflow_datasets as tfds

    from jaxvae.data.builders import first_line, named_builder, quiet

    builder = named_builder(name, working)
    original = name in ORIGINALS
    config = tfds.download.DownloadConfig(
        extract_dir=working / "extracted",  # shared by no other set: the unpacked files of several have the same names
        manual_dir=source,
        force_checksums_validation=original,
        try_download_gcs=False,
    )
    try:
        # the originals take some seconds; a stock set may take hours and keeps its progress bars
        with quiet() if original else contextlib.nullcontext():
            builder.download_and_prepare(
                download_dir=working / "downloads" if original else downloads,
                download_config=config,
                file_format="array_record",
            )
    except Exception as error:  # the builder of a stock set can run any code
        raise UserError(f"tensorflow-datasets could not prepare {name!r}: {first_line(error).rstrip(':')}") from error
    return builder
