"""The installed command: what it lists, what it runs, and that its wheel is whole."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import jaxvae as jv
from jaxvae import commands
from tests.conftest import ROOT
from tests.experiments.conftest import FAST


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, output and errors of `jaxvae words`."""
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/jaxvae", *words])
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    with pytest.raises(SystemExit) as end:
        commands.main()
    captured = capsys.readouterr()
    return int(str(end.value.code or 0)), captured.out, captured.err


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_alone_it_lists_its_commands(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(monkeypatch, capsys, *words)
    assert code == 0
    assert [line.split()[1] for line in out.splitlines() if line.startswith("  jaxvae")] == list(commands.COMMANDS)


def test_version_and_an_unknown_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, capsys, "--version") == (0, f"jaxvae {jv.__version__}\n", "")
    code, _, err = run(monkeypatch, capsys, "trian")
    assert code == 2
    assert (
        err == "error: the command must be one of train, evaluate, sweep, prepare; got 'trian' (did you mean train?)\n"
    )


def test_training_and_scoring_are_those_of_the_scripts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A hint names the command that was called, and a mistake is one line."""
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(monkeypatch, capsys, "train", *FAST, "--run_dir", "run")
    assert code == 0
    assert "jaxvae train --config run/config.yaml --seed 1" in out
    assert (tmp_path / "run" / "config.yaml").read_text().startswith("# repeat this run: jaxvae train --config")
    code, out, _ = run(monkeypatch, capsys, "evaluate", "run", "--metrics", "likelihood")
    assert code == 0
    assert "log p(x)" in out
    code, _, err = run(monkeypatch, capsys, "evaluate", "nowhere")
    assert code == 2
    assert err.startswith("error: the folder of a run is expected, got nowhere")


@pytest.mark.parametrize("command", commands.COMMANDS)
def test_each_command_has_help_and_is_named_in_it(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(monkeypatch, capsys, command, "--help")
    assert code == 0
    assert f"jaxvae {command}" in out


@pytest.mark.slow
def test_the_wheel_holds_all_that_the_command_needs(tmp_path: Path) -> None:
    """Built from a copy, unpacked outside of the checkout, and run there by another process."""
    source = tmp_path / "source"
    shutil.copytree(ROOT / "jaxvae", source / "jaxvae", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    files = {str(path.relative_to(source)) for path in (source / "jaxvae").rglob("*") if path.is_file()}
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(source)]
    built = subprocess.run(build, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert "Warning" not in built.stderr + built.stdout
    (wheel,) = tmp_path.glob("jaxvae-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
        (entry,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "jaxvae = jaxvae.commands:main" in archive.read(entry).decode()
        packed = {name for name in archive.namelist() if name.startswith("jaxvae/")}
    assert packed == files
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    program = f"""
import sys
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]  # of the checkout
sys.argv = ["jaxvae", "train", *{FAST!r}, "--run_dir", "run"]
import jaxvae.commands
print(jaxvae.__file__)
jaxvae.commands.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path / "site"))
    assert (tmp_path / "run" / "samples.png").is_file()
