"""Examples that stay on disk and are read during training, for data larger than the memory."""

import hashlib
import importlib.util
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from jaxvae.data.arrays import LARGEST_LEVEL, largest_level, with_maximum
from jaxvae.data.dataset import Dataset, Split
from jaxvae.data.hash_split import hashes_of_files, hashes_of_places, split_by_hash, splits_to_cut
from jaxvae.data.pictures import ALL, Listing, common_format, list_folder, read_picture
from jaxvae.errors import UserError
from jaxvae.typing import Shape

SUFFIX = ".array_record"
_THREADS = 4  # that read parts ahead, one each, while steps are computed
_MOST_HELD_OUT = 10_000  # examples of each of validation and test, which are kept in memory


class Source(Protocol):
    """A source of examples: their number, their shape, and how to read some of them."""

    @property
    def files(self) -> Sequence[Path]:
        """The files that are read."""
        ...

    @property
    def shape(self) -> Shape:
        """The shape of ONE example."""
        ...

    def __len__(self) -> int:
        """The number of examples."""
        ...

    def read(self, rows: Sequence[int]) -> np.ndarray:
        """The examples at `rows`, uint8 `[len(rows), *shape]`."""
        ...


class ArrayRecords:
    """Examples in an array_record file, each record a NumPy array as `numpy.save` writes it (see `write_records`)."""

    def __init__(self, path: Path) -> None:
        from grain.sources import ArrayRecordDataSource

        if not path.is_file():
            raise UserError(f"{path} must be an array_record file, got none: give the path of existing data")
        try:
            self._source: Any = ArrayRecordDataSource([str(path)])  # its __len__ and __getitems__ have no types
            first = self._source[0] if len(self._source) else b""
            example = np.load(io.BytesIO(first), allow_pickle=False)
        except (RuntimeError, ValueError, EOFError, OSError) as error:
            raise UserError(
                f"{path} must be an array_record file of NumPy arrays, got another kind or none of them: write it with "
                f"jaxvae.data.write_records"
            ) from error
        if example.dtype != np.uint8 or example.ndim == 0:
            raise UserError(
                f"{path} must hold uint8 examples (grey levels), got {example.dtype} of shape {example.shape}: write "
                f"levels from 0 to 255"
            )
        self.files, self.shape = [path], example.shape
        self._header = first[: len(first) - example.size]  # the same in every record of this shape and type

    def __len__(self) -> int:
        """The number of records in the file."""
        return len(self._source)

    def read(self, rows: Sequence[int]) -> np.ndarray:
        """The records of these numbers, read in one call."""
        records = self._source.__getitems__([int(row) for row in rows])
        start, size = len(self._header), int(np.prod(self.shape))
        for row, record in zip(rows, records, strict=True):
            if len(record) != start + size or not record.startswith(self._header):
                raise UserError(
                    f"{self.files[0]} must hold examples of one shape, {self.shape} as the first, got another in "
                    f"record {row}: write it again"
                )
        pixels = np.frombuffer(b"".join(record[start:] for record in records), np.uint8)
        return pixels.reshape(-1, *self.shape)


class PictureFiles:
    """Examples as image files of one size."""

    def __init__(self, files: list[Path], where: Path) -> None:
        self.files = files
        self._mode, self.shape, self.notes = common_format(files, where)

    def __len__(self) -> int:
        """The number of files."""
        return len(self.files)

    def read(self, rows: Sequence[int]) -> np.ndarray:
        """The images of the files of these numbers."""
        images = np.empty((len(rows), *self.shape), np.uint8)
        for index, row in enumerate(rows):
            images[index] = read_picture(self.files[row], self._mode)
        return images


class Records:
    """Some examples of a source; for training it works like their array [N, *shape].

    Args:
        source: the source to read from.
        rows: the numbers of its examples, in this order.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, source: Source, rows: np.ndarray) -> None:
        self._source, self._rows = source, rows
        self.shape = (len(rows), *source.shape)
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        """The number of examples."""
        return len(self._rows)

    def __getitem__(self, index: int | slice | np.ndarray) -> np.ndarray:
        """Read examples, as if by indexing their array."""
        rows = np.asarray(self._rows[index])
        return self._source.read(rows.ravel().tolist()).reshape(*rows.shape, *self.shape[1:])

    def read_ahead(self, parts: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
        """The examples of each of `parts`, arrays of rows of any shape, read ahead by grain."""
        import grain

        options = grain.ReadOptions(num_threads=_THREADS, prefetch_buffer_size=_THREADS)
        return iter(grain.MapDataset.source(_Parts(self, parts)).to_iter_dataset(options))

    def listing_hash(self) -> str:
        """SHA-256 of the names and sizes of the files and of the chosen rows; no example is read."""
        content = hashlib.sha256(np.ascontiguousarray(self._rows, "<i8").tobytes())
        for path in self._source.files:
            content.update(f"{path.name} {path.stat().st_size}\n".encode())
        return content.hexdigest()

    def content_hash(self) -> str:
        """SHA-256 of the files and of the chosen rows."""
        content = hashlib.sha256(np.ascontiguousarray(self._rows, "<i8").tobytes())
        for path in self._source.files:
            with path.open("rb") as file:
                content.update(hashlib.file_digest(file, "sha256").digest())
        return content.hexdigest()


class _Parts:
    """Parts as elements that grain can read by number."""

    def __init__(self, records: Records, parts: Sequence[np.ndarray]) -> None:
        self._records, self._parts = records, parts

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, index: int) -> np.ndarray:
        return self._records[self._parts[index]]


def load_records(path: Path, name: str, maximum: int | None = None) -> Dataset:
    """A data set whose training examples stay on disk; validation and test are read, about a tenth each.

    Validation and test have at most about 10,000 examples each. A folder of images is split by a hash of each file, and
    records by a hash of their number: up to 100,000 examples, later ones move no others.

    Args:
        path: of an array_record file or a folder of images.
        name: of the data set.
        maximum: the largest grey level; by default 255, or 1 if no example of validation and test is above 1.

    Raises:
        UserError: if `path` is neither an array_record file of uint8 arrays nor a folder of images, or grain is not
            installed.
    """
    if importlib.util.find_spec("grain") is None:
        raise UserError(f'{path} is read by grain, which is not installed: pip install "jaxvae[stream]"')
    if path.is_dir():
        listing = list_folder(path)
        pictures = PictureFiles(listing.all, path)
        source, notes, names, rows = pictures, pictures.notes, listing.label_names, _rows(listing)
        hashes = {split: hashes_of_files(listing.paths[split]) for split in splits_to_cut(listing.paths)}
    else:
        source, notes, names = ArrayRecords(path), (), ()
        rows = {ALL: Split(np.arange(len(source)))}
        hashes = {ALL: hashes_of_places(len(source))}  # to hash the records, all of them would have to be read
    if ALL in rows:
        fraction = min(0.1, _MOST_HELD_OUT / len(source))
        train, validation, test = split_by_hash(rows[ALL], hashes[ALL], fraction, fraction)
    else:
        held_in, test = rows["train"], rows["test"]
        fraction = min(0.1, _MOST_HELD_OUT / len(held_in))
        if "validation" in rows:
            train, validation = held_in, rows["validation"]
        else:
            train, validation = split_by_hash(held_in, hashes["train"], fraction)
    held_out = [Split(Records(source, part.values)[:], part.labels) for part in (validation, test)]
    # a folder of pictures has 8-bit pixels, even if dark; for arrays the held-out ones show whether they are binary
    found = LARGEST_LEVEL if path.is_dir() else largest_level(held_out)
    if maximum is not None:
        found = with_maximum(held_out, maximum, str(path))
    elif found not in (1, LARGEST_LEVEL):
        notes = (*notes, f"validation and test have levels 0 to {found}: 255 is white, `maximum={found}` if that is")
        found = LARGEST_LEVEL
    images = cast(np.ndarray, Records(source, train.values))  # training uses it like an array
    validation, test = held_out
    return Dataset(name, Split(images, train.labels), validation, test, found, label_names=names, notes=tuple(notes))


def _rows(listing: Listing) -> dict[str, Split]:
    """Rows of `listing.all`, with the labels, of every split."""
    ends = np.cumsum([len(paths) for paths in listing.paths.values()])
    return {
        split: Split(np.arange(end - len(paths), end), listing.labels.get(split))
        for end, (split, paths) in zip(ends, listing.paths.items(), strict=True)
    }


def _header(example: np.ndarray) -> bytes:
    """The bytes that `numpy.save` writes before the numbers of an array."""
    record = io.BytesIO()
    np.save(record, np.ascontiguousarray(example), allow_pickle=False)
    return record.getvalue()[: -example.nbytes]


def write_records(path: Path, examples: Iterable[np.ndarray]) -> int:
    """Write uint8 examples of one shape as an array_record file, one at a time, and return how many there were.

    The file appears under its name when it is complete.

    Raises:
        UserError: if one is not uint8, is empty, or has another shape than the first.
    """
    from array_record.python.array_record_module import ArrayRecordWriter

    part, shape, count, header = path.with_name(f"{path.name}.part"), None, 0, b""
    writer = ArrayRecordWriter(str(part), "group_size:1")  # one record is read at a time
    try:
        for example in examples:
            shape = example.shape if shape is None else shape
            if example.dtype != np.uint8 or example.ndim == 0 or example.size == 0:
                raise UserError(
                    f"records must be uint8 arrays of one axis or more, not empty, got {example.dtype} of shape "
                    f"{example.shape} as number {count}: convert them"
                )
            if example.shape != shape:
                raise UserError(
                    f"records must be examples of one shape, {shape} as the first, got {example.shape} as number "
                    f"{count}: convert them"
                )
            if count == 0:  # the same in every record of this shape and type
                header = _header(example)
            writer.write(header + np.ascontiguousarray(example).tobytes())
            count += 1
        writer.close()
        part.replace(path)
    except BaseException:
        if writer.is_open():
            writer.close()
        part.unlink()
        raise
    return count
