"""The cache of arrays: whole or absent."""

from pathlib import Path

import numpy as np
import pytest

from jaxvae.data import Split
from jaxvae.data.cache import cache_folder, data_folder, read_cache, write_cache
from tests.data.helpers import user_error

SPLITS = {
    "train": Split(np.arange(30, dtype=np.uint8).reshape(5, 3, 2), np.arange(5)),
    "test": Split(np.arange(24, dtype=np.uint8).reshape(4, 3, 2)),
}


def test_round_trip(tmp_path: Path) -> None:
    folder = tmp_path / "numpy" / "set"
    assert read_cache(folder) is None
    write_cache(folder, SPLITS)
    read = read_cache(folder)
    assert read is not None
    assert set(read) == {"train", "test"}
    for name, split in SPLITS.items():
        np.testing.assert_array_equal(read[name].values, split.values)
        assert read[name].values.dtype == np.uint8
    assert read["test"].labels is None
    np.testing.assert_array_equal(read["train"].labels, SPLITS["train"].labels)
    assert [path.name for path in folder.parent.iterdir()] == ["set"]


def test_the_first_of_two_writers_wins(tmp_path: Path) -> None:
    write_cache(tmp_path / "set", SPLITS)
    write_cache(tmp_path / "set", {"train": SPLITS["test"]})
    read = read_cache(tmp_path / "set")
    assert read is not None
    assert len(read["train"]) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_nothing_is_left_of_a_write_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = np.save

    def full_disk(path: Path, array: np.ndarray) -> None:
        if "labels" in path.name:
            raise OSError("no space left on device")
        save(path, array)

    monkeypatch.setattr(np, "save", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_cache(tmp_path / "set", SPLITS)
    assert not list(tmp_path.iterdir())


def test_damaged_array(tmp_path: Path) -> None:
    write_cache(tmp_path / "set", SPLITS)
    (tmp_path / "set" / "train.labels.npy").write_bytes(b"\x93NUMPY")
    with user_error("train.images.npy or its labels are damaged", f"delete the folder {tmp_path / 'set'}"):
        read_cache(tmp_path / "set")


def test_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JAXVAE_DATA_DIR", raising=False)
    assert data_folder(None) == tmp_path / ".cache" / "jaxvae"
    monkeypatch.setenv("JAXVAE_DATA_DIR", str(tmp_path / "other"))
    assert data_folder(None) == tmp_path / "other"
    assert data_folder("~/mine") == tmp_path / "mine"
    monkeypatch.chdir(tmp_path)
    assert data_folder("here") == tmp_path / "here"


def test_cache_folders_of_a_set_and_its_configurations_do_not_nest() -> None:
    folders = {cache_folder(name, Path("/data")) for name in ("emnist", "emnist/letters", "emnist/digits")}
    assert len(folders) == 3
    assert {folder.parent for folder in folders} == {Path("/data/numpy")}
    assert cache_folder("../../etc", Path("/data")).parent == Path("/data/numpy")
