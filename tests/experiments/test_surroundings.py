"""What surrounds a script: streams, environment variables, signals, the disk; exit codes as documented."""

import errno
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxvae.cli.flags import run_script
from jaxvae.cli.surroundings import _Patient, explained
from jaxvae.errors import SurroundingsError, UserError
from jaxvae.report import save_grid
from tests.conftest import ROOT
from tests.experiments.conftest import FAST, TRAIN


def command(*flags: str, **environment: str) -> subprocess.Popen[bytes]:
    """`train.py` in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.Popen(
        [sys.executable, str(ROOT / TRAIN), *flags],
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.slow
def test_a_run_ends_well_in_ascii_without_a_reader_under_every_debugging_flag(tmp_path: Path) -> None:
    """The reader goes after the first line, as `head -1` does; a notebook names a backend that is not installed."""
    run = tmp_path / "run"
    process = command(
        *FAST, "--run_dir", str(run), PYTHONIOENCODING="ascii", MPLBACKEND="module://no_such.backend",
        JAX_DEBUG_INFS="1", JAX_TRANSFER_GUARD="disallow", PYTHONUTF8="0", LC_ALL="C",
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read().decode()
    assert process.wait() == 0, errors
    assert "Traceback" not in errors
    assert {"evaluation.json", "samples.png", "checkpoints"} <= {path.name for path in run.iterdir()}


def test_a_platform_without_a_device_is_the_surroundings_fault(tmp_path: Path) -> None:
    process = command("--run_dir", str(tmp_path / "run"), JAX_PLATFORMS="cuda")
    _, errors = process.communicate()
    assert process.returncode == 3
    assert errors.decode().count("\n") == 1
    assert "got none with JAX_PLATFORMS=cuda: unset it" in errors.decode()


def code_of(error: BaseException) -> int:
    def main() -> None:
        raise error

    with pytest.raises(SystemExit) as end:
        run_script(main)
    return int(str(end.value.code))


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UserError("no"), 2, "error: no"),
        (SurroundingsError("the host is silent"), 3, "error: the host is silent"),
        (OSError(errno.ENOSPC, "No space left on device", "a/b"), 3, "No space left on device at a/b: make room"),
        (MemoryError(), 3, "must fit the memory"),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes"), 3, "lower --batch_size"),
        (RuntimeError("Unable to initialize backend 'cuda'"), 3, "JAX must find a device"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_exit_codes(error: BaseException, code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(error) == code
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert words in line


def test_our_own_mistakes_keep_their_traceback() -> None:
    assert explained(AssertionError()) is None
    assert explained(OSError(errno.EACCES, "Permission denied")) is None
    with pytest.raises(ZeroDivisionError):
        run_script(lambda: 1 // 0)


def test_sigterm_is_an_exception_that_lets_a_run_save(capsys: pytest.CaptureFixture[str]) -> None:
    saved = []

    def main() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            saved.append(True)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as end:
        run_script(main)
    assert end.value.code == 143
    assert saved
    assert "terminated" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before


def test_letters_that_a_stream_lacks_become_question_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, encoding="cp1252"))
    with pytest.raises(SystemExit):
        run_script(lambda: print("log p̂(x) ≥ −3 ± 1"))
    assert content.getvalue().decode("cp1252") == "log p?(x) ? ?3 ± 1\n"


def test_a_stream_without_a_reader_takes_whatever_comes() -> None:
    reader, writer = os.pipe()
    stream = os.fdopen(writer, "w")
    os.close(reader)
    patient = _Patient(stream)
    for _ in range(3):
        patient.write("line\n" * 9999)
        patient.flush()
    stream.close()


def test_debugging_flags_stay_for_the_user_s_functions() -> None:
    def main() -> None:
        assert float(jnp.log(jnp.zeros(()))) == -np.inf

    with jax.debug_infs(True), jax.transfer_guard("disallow"):
        with pytest.raises(SystemExit) as end:
            run_script(main)
        assert end.value.code == 0
        assert jax.config.jax_debug_infs


def test_pictures_change_no_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib as mpl

    before = mpl.rcParams["backend"]
    monkeypatch.setenv("MPLBACKEND", "module://no_such.backend")
    save_grid(tmp_path / "a.png", np.zeros((2, 4, 5, 1)), "title")
    assert mpl.rcParams["backend"] == before
    assert os.environ["MPLBACKEND"] == "module://no_such.backend"


@pytest.mark.parametrize("shape", [(3, 700, 4, 1), (2, 4, 900, 5), (61, 1, 1, 2)])
def test_pictures_of_any_shape_have_a_bounded_size(tmp_path: Path, shape: tuple[int, ...]) -> None:
    from PIL import Image

    save_grid(tmp_path / "a.png", np.full(shape, 0.5), "title")
    with Image.open(tmp_path / "a.png") as image:
        assert max(image.size) < 4000
