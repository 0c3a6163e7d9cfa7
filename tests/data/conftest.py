"""What several files share: where the real data lie, tiny stand-ins for MNIST's files, a machine that is offline."""

import gzip
import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from jaxvae.data.originals import ORIGINALS, Original

REPOSITORY = Path(__file__).parents[2]
TRAIN, TEST = 23, 7  # images in the tiny stand-in


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(os.environ.get("JAXVAE_SHARED_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "mnist").is_dir():
        pytest.skip(f"needs ../shared/data: {folder / 'mnist'} is missing")
    return folder


@pytest.fixture
def tiny_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A folder of four IDX files with few random images, which `mnist` takes for its own; the arrays beside it."""
    from jaxvae.data.originals_builder import Originals

    rng = np.random.default_rng(1)
    folder = tmp_path / "tiny source"
    folder.mkdir()
    infos, arrays = {}, {}
    for split, count in (("train", TRAIN), ("test", TEST)):
        images_name, labels_name = ORIGINALS["mnist"].files[split]
        images = rng.integers(0, 256, (count, 28, 28, 1)).astype(np.uint8)
        labels = rng.integers(0, 10, count).astype(np.uint8)
        arrays[split] = (images, labels)
        for name, header, array in ((images_name, 16, images), (labels_name, 8, labels)):
            content = gzip.compress(bytes(header) + array.tobytes())
            (folder / name).write_bytes(content)
            infos[f"http://localhost:9/{name}"] = SimpleNamespace(
                filename=name, checksum=hashlib.sha256(content).hexdigest(), size=len(content)
            )
    as_recorded = property(lambda _: as_url_infos(infos))
    monkeypatch.setattr(Originals, "url_infos", as_recorded)
    pixel_sum = int(arrays["train"][0].sum(dtype=np.int64))
    monkeypatch.setitem(ORIGINALS, "mnist", Original(ORIGINALS["mnist"].files, pixel_sum))
    return SimpleNamespace(folder=folder, infos=infos, arrays=arrays)


def as_url_infos(infos: dict[str, SimpleNamespace]) -> dict:
    """What a builder's `url_infos` holds."""
    from tensorflow_datasets.core.download.checksums import UrlInfo

    return {url: UrlInfo(size=i.size, checksum=i.checksum, filename=i.filename) for url, i in infos.items()}


@pytest.fixture
def silent_server() -> Iterator[int]:
    """The port of a server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def offline_environment(silent_server: int) -> dict[str, str]:
    """The environment of a process for which no host answers, on a machine that may well be online."""
    environment = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    proxy = f"http://127.0.0.1:{silent_server}"
    environment |= {"http_proxy": proxy, "https_proxy": proxy, "PYTHONPATH": str(REPOSITORY)}
    environment.pop("JAXVAE_DATA_DIR", None)
    return environment
