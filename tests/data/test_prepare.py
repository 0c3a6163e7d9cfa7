"""Preparing the papers' sets: from local files, by download, or one line that says what is missing."""

import contextlib
import functools
import http.server
import importlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from jaxvae.data import load, prepare
from jaxvae.data.originals import ORIGINALS, Original
from jaxvae.data.originals_builder import Originals
from jaxvae.data.sources import host_answers
from tests.data.conftest import TEST, TRAIN, as_url_infos
from tests.data.helpers import user_error

prepare_module = importlib.import_module("jaxvae.data.prepare")  # the package holds the function under this name


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare_module, "host_answers", lambda _: False)


@pytest.mark.slow
def test_a_host_that_never_answers_costs_less_than_five_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silent_server: int
) -> None:
    monkeypatch.setattr(prepare_module, "host_answers", host_answers)
    for variable in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{silent_server}")
    monkeypatch.delenv("no_proxy", raising=False)
    start = time.monotonic()
    with user_error("is not prepared", "does not answer"):
        load("mnist", tmp_path / "data")
    assert time.monotonic() - start < 5


def test_order_and_labels_are_those_of_the_files(tiny_mnist: SimpleNamespace, tmp_path: Path) -> None:
    folder = prepare("mnist", tiny_mnist.folder, tmp_path / "data")
    assert folder == tmp_path / "data" / "originals" / "mnist" / "1.0.0"
    assert any(folder.glob("*.array_record*"))
    dataset = load("mnist", tmp_path / "data")
    images, labels = tiny_mnist.arrays["train"]
    held_out = 2  # a tenth of 23: the tiny set is below the papers' sizes
    np.testing.assert_array_equal(dataset.train.values, images[:-held_out])
    np.testing.assert_array_equal(dataset.validation.values, images[-held_out:])
    np.testing.assert_array_equal(dataset.train.labels, labels[:-held_out])
    np.testing.assert_array_equal(dataset.test.values, tiny_mnist.arrays["test"][0])
    np.testing.assert_array_equal(dataset.test.labels, tiny_mnist.arrays["test"][1])
    assert dataset.train.labels is not None
    assert dataset.train.labels.dtype == np.int64
    assert (len(dataset.train), len(dataset.test)) == (TRAIN - held_out, TEST)
    assert "tensorflow" not in sys.modules


def test_only_finished_folders_are_left(tiny_mnist: SimpleNamespace, tmp_path: Path) -> None:
    prepare("mnist", str(tiny_mnist.folder), tmp_path / "data")
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["originals"]
    load("mnist", tmp_path / "data")
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"originals", "numpy"}


def test_the_second_time_nothing_is_read(tiny_mnist: SimpleNamespace, tmp_path: Path) -> None:
    folder = prepare("mnist", tiny_mnist.folder, tmp_path / "data")
    assert prepare("mnist", None, tmp_path / "data") == folder


def test_cached_arrays_are_used(tiny_mnist: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare("mnist", tiny_mnist.folder, tmp_path / "data")
    first = load("mnist", tmp_path / "data")
    monkeypatch.setattr("jaxvae.data.tfds_sets._read", None)
    np.testing.assert_array_equal(load("mnist", tmp_path / "data").train.values, first.train.values)


def test_a_folder_that_cannot_be_written_to_is_still_read(
    tiny_mnist: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare("mnist", tiny_mnist.folder, tmp_path / "data")

    def read_only(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("jaxvae.data.tfds_sets.write_cache", read_only)
    assert len(load("mnist", tmp_path / "data").test) == TEST


def test_nothing_is_printed(tiny_mnist: SimpleNamespace, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    prepare("mnist", tiny_mnist.folder, tmp_path / "data")
    load("mnist", tmp_path / "data")
    assert capfd.readouterr() == ("", "")


def test_wrong_pixels_under_the_name_are_noticed(
    tiny_mnist: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepare("mnist", tiny_mnist.folder, tmp_path / "data")
    monkeypatch.setitem(ORIGINALS, "mnist", Original(ORIGINALS["mnist"].files, train_pixel_sum=12_345))
    with user_error("must sum to 12,345", f"delete {folder.parent}"):
        load("mnist", tmp_path / "data")


def test_wrong_hash_leaves_nothing(tiny_mnist: SimpleNamespace, tmp_path: Path) -> None:
    name = "train-labels-idx1-ubyte.gz"
    (tiny_mnist.folder / name).write_bytes(b"something else")
    recorded = next(info.checksum for info in tiny_mnist.infos.values() if info.filename == name)
    with user_error(str(tiny_mnist.folder / name), recorded, "got ", "download it again"):
        prepare("mnist", tiny_mnist.folder, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_missing_file_leaves_nothing(tiny_mnist: SimpleNamespace, tmp_path: Path) -> None:
    name = "t10k-images-idx3-ubyte.gz"
    (tiny_mnist.folder / name).unlink()
    with user_error("lacks 1 of its 4 files", "does not answer", f"{name} from http", "sha256"):
        prepare("mnist", tiny_mnist.folder, tmp_path / "data")
    with user_error("`source` must be a folder"):
        prepare("mnist", tmp_path / "nowhere", tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_failure_inside_the_builder_leaves_nothing(
    tiny_mnist: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object) -> None:
        raise OSError("no space left on device\nat all")

    monkeypatch.setattr("jaxvae.data.originals_builder.read_original", full_disk)
    with user_error("could not prepare 'mnist'", "no space left on device"):
        prepare("mnist", tiny_mnist.folder, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_data_folder_that_is_a_file(tiny_mnist: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with user_error("must be writable", "`data_dir`"):
        prepare("mnist", tiny_mnist.folder, tmp_path / "data")


@pytest.mark.parametrize("name", list(ORIGINALS))
def test_offline_says_which_files_from_where_with_what_hash_to_put_where(name: str, tmp_path: Path) -> None:
    files = {file for split in ORIGINALS[name].files.values() for file in split}
    command = f"jaxvae prepare {name} --from FOLDER --data_dir '{tmp_path}/my data'"
    with user_error("is not prepared", "does not answer", command, *(f"{file} from http" for file in files)):
        load(name, tmp_path / "my data")
    assert not list(tmp_path.iterdir())


def test_the_command_leaves_out_the_usual_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAXVAE_DATA_DIR", str(tmp_path / "data"))
    with user_error(f"not prepared in {tmp_path / 'data'}", "mnist --from FOLDER with"):
        load("mnist")


@pytest.mark.parametrize("name", ["digits", "shapes", "mnits"])
def test_names_that_cannot_be_prepared(name: str, tmp_path: Path) -> None:
    with user_error(name):
        prepare(name, tmp_path, tmp_path)


def test_binarized_arrays_of_other_content(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    path = source / "binarized_mnist.npz"
    zeros = np.zeros((3, 28, 28, 1), np.uint8)
    np.savez(path, train=zeros, validation=zeros, test=zeros)
    with user_error(str(path), "must hold the published images", "sha256", "got "):
        prepare("binarized_mnist", source, tmp_path / "data")
    np.savez(path, train=zeros, validation=zeros)
    with user_error(str(path), "'test'", "got no such array"):
        prepare("binarized_mnist", source, tmp_path / "data")
    np.savez(path, train=zeros + 2, validation=zeros, test=zeros)
    with user_error(str(path), "'train'", "in {0, 1}", ".amat"):
        prepare("binarized_mnist", source, tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.fixture
def served(tiny_mnist: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """`tiny_mnist` on a host that answers."""
    monkeypatch.setattr(prepare_module, "host_answers", lambda _: True)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tiny_mnist.folder))
    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        infos = {f"http://127.0.0.1:{server.server_port}/{i.filename}": i for i in tiny_mnist.infos.values()}
        monkeypatch.setattr(Originals, "url_infos", property(lambda _: as_url_infos(infos)))
        yield tiny_mnist
        server.shutdown()


def test_load_downloads(served: SimpleNamespace, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    dataset = load("mnist", tmp_path / "data")
    np.testing.assert_array_equal(dataset.test.values, served.arrays["test"][0])
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"originals", "numpy"}
    assert capfd.readouterr() == ("", "mnist: downloading 4 files, 0.0 MB\n")


@pytest.mark.slow
def test_folder_is_removed_while_a_thread_writes_into_it(tmp_path: Path) -> None:
    folder, stop = tmp_path / "working", threading.Event()
    (folder / "originals").mkdir(parents=True)

    def write_on() -> None:
        number = 0
        while not stop.is_set():
            with contextlib.suppress(FileNotFoundError):
                (folder / "originals" / str(number)).touch()
            number += 1

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        for _ in range(100):
            prepare_module._remove(folder)
            assert not folder.exists()
            (folder / "originals").mkdir(parents=True)
    finally:
        stop.set()
        writer.join()


def test_download_of_a_wrong_file_leaves_nothing(served: SimpleNamespace, tmp_path: Path) -> None:
    (served.folder / "train-images-idx3-ubyte.gz").write_bytes(b"the page of a captive portal")
    with user_error("could not prepare 'mnist'", "wrong checksum", "jaxvae prepare mnist --from FOLDER"):
        load("mnist", tmp_path / "data")
    assert not (tmp_path / "data").exists()
