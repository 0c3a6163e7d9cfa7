"""The command line of scripts/prepare_data.py, from another working directory."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.data.conftest import REPOSITORY

SCRIPT = REPOSITORY / "scripts" / "prepare_data.py"


def run(*arguments: object, cwd: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False)


def assert_refused(result: subprocess.CompletedProcess[str], *words: str, code: int = 2) -> None:
    """One line, and exit code 2, or 3 where the network is to blame."""
    assert result.returncode == code
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


@pytest.mark.slow
def test_prepares_mnist(shared_data: Path, tmp_path: Path, offline_environment: dict[str, str]) -> None:
    environment = offline_environment | {"JAXVAE_DATA_DIR": str(tmp_path / "data")}
    result = run("mnist", "--from", shared_data / "mnist", cwd=tmp_path, environment=environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert "mnist: train 50,000, validation 10,000, test 10,000, each uint8 (28, 28, 1)" in result.stdout
    assert f"records: {tmp_path / 'data' / 'originals' / 'mnist' / '1.0.0'}" in result.stdout
    assert f"arrays:  {tmp_path / 'data' / 'numpy' / 'mnist'}" in result.stdout
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"originals", "numpy"}


def test_wrong_file(tmp_path: Path, offline_environment: dict[str, str]) -> None:
    (tmp_path / "source").mkdir()
    wrong = tmp_path / "source" / "train-images-idx3-ubyte.gz"
    wrong.write_bytes(b"something else")
    result = run("mnist", "--from", "source", "--data_dir", "data", cwd=tmp_path, environment=offline_environment)
    expected = "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    assert_refused(result, f"source/{wrong.name} must have sha256 {expected}, got ")
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist", "kmnist"])
def test_offline(name: str, tmp_path: Path, offline_environment: dict[str, str]) -> None:
    start = time.monotonic()
    result = run(name, "--data_dir", "data", cwd=tmp_path, environment=offline_environment)
    seconds = time.monotonic() - start
    words = ("train-images-idx3-ubyte.gz from http", "sha256", f"prepare_data.py {name} --from FOLDER")
    assert_refused(result, *words, code=3 if name == "mnist" else 2)  # kmnist lacks TensorFlow before the network
    assert not list(tmp_path.iterdir())
    assert seconds < 100  # 3 s, and many more on a busy machine; tensorflow-datasets would try for 204 s


def test_unknown_name(tmp_path: Path, offline_environment: dict[str, str]) -> None:
    assert_refused(run("mnits", cwd=tmp_path, environment=offline_environment), "did you mean mnist")
