"""The real sets: pixel for pixel what the original files hold, in their order, each under its own name."""

import gzip
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from jaxvae.data import load, prepare
from tests.data.conftest import REPOSITORY

PIXEL_SUMS = {"mnist": 1_567_298_545, "fashion_mnist": 3_431_114_169}  # of all 60,000 training images


@pytest.fixture(scope="module")
def data_dir(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All three sets prepared into one folder, where each could be mistaken for another."""
    folder = tmp_path_factory.mktemp("data")
    for name, source in (("mnist", "mnist"), ("fashion_mnist", "fashion_mnist"), ("binarized_mnist", ".")):
        prepare(name, shared_data / source, folder)
    return folder


def read_idx(path: Path) -> np.ndarray:
    """An array in MNIST's format: two zeros, type 8, rank, sizes as big-endian 32-bit integers, bytes."""
    content = gzip.decompress(path.read_bytes())
    rank = content[3]
    assert content[:3] == b"\0\0\x08"
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(np.frombuffer(content[4:], ">i4", rank))


@pytest.mark.slow
@pytest.mark.parametrize("name", list(PIXEL_SUMS))
def test_papers_splits_in_the_original_order(name: str, data_dir: Path, shared_data: Path) -> None:
    dataset = load(name, data_dir)
    assert {split: part.values.shape for split, part in dataset.splits.items()} == {
        "train": (50_000, 28, 28, 1),
        "validation": (10_000, 28, 28, 1),
        "test": (10_000, 28, 28, 1),
    }
    assert dataset.maximum == 255
    images = np.concatenate([dataset.train.values, dataset.validation.values])
    assert images.sum(dtype=np.int64) == PIXEL_SUMS[name]
    folder = shared_data / name
    np.testing.assert_array_equal(images[..., 0], read_idx(folder / "train-images-idx3-ubyte.gz"))
    np.testing.assert_array_equal(dataset.test.values[..., 0], read_idx(folder / "t10k-images-idx3-ubyte.gz"))
    train_labels = read_idx(folder / "train-labels-idx1-ubyte.gz")
    np.testing.assert_array_equal(dataset.train.labels, train_labels[:50_000])
    np.testing.assert_array_equal(dataset.validation.labels, train_labels[50_000:])
    np.testing.assert_array_equal(dataset.test.labels, read_idx(folder / "t10k-labels-idx1-ubyte.gz"))


def test_binarized_mnist(data_dir: Path, shared_data: Path) -> None:
    dataset = load("binarized_mnist", data_dir)
    assert dataset.maximum == 1
    with np.load(shared_data / "binarized_mnist.npz") as arrays:
        for name, split in dataset.splits.items():
            assert split.labels is None
            assert split.values.dtype == np.uint8
            np.testing.assert_array_equal(split.values, arrays[name])


def test_second_load_is_fast(data_dir: Path) -> None:
    load("mnist", data_dir)
    start = time.monotonic()
    load("mnist", data_dir)
    assert time.monotonic() - start < 1  # 0.1 s, and 2 s without the cache


def test_tensorflow_is_never_imported(data_dir: Path) -> None:
    program = (
        "import sys; from jaxvae.data import load; "
        "loaded = {'tensorflow', 'tensorflow_datasets', 'sklearn', 'PIL'} & set(sys.modules); "
        f"sizes = [len(load(name, {str(data_dir)!r}).train) for name in ('mnist', 'binarized_mnist')]; "
        "print(loaded, sizes, 'tensorflow' in sys.modules)"
    )
    output = subprocess.check_output([sys.executable, "-c", program], text=True, cwd=REPOSITORY)
    assert output == "set() [50000, 50000] False\n"
