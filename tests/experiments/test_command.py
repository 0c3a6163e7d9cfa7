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


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_lists_commands_flags_and_components(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, script, _ = run(monkeypatch, capsys, "--print_completion", shell)
    assert code == 0
    dotted = () if shell == "tcsh" else ("--prior.num_components",)  # which shtab leaves out there
    for word in (*commands.COMMANDS, *dotted, "StandardNormal", "adabelief"):
        assert word in script
    assert run(monkeypatch, capsys, f"--print_completion={shell}") == (0, script, "")


def test_completion_for_another_shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(monkeypatch, capsys, "--print_completion", "bsh")
    assert code == 2
    assert err.startswith("error: --print_completion must be one of bash, zsh, tcsh; got 'bsh' (did you mean bash")
    assert run(monkeypatch, capsys, "--print_completion")[0] == 2


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_by_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As bash asks for the last of the words that were typed."""
    (tmp_path / "completion.sh").write_text(run(monkeypatch, capsys, "--print_completion", "bash")[1])
    assert subprocess.run(["bash", "-n", "completion.sh"], cwd=tmp_path).returncode == 0
    ask = "source completion.sh; COMP_WORDS=({}); COMP_CWORD={}; _shtab_jaxvae; echo ${{COMPREPLY[*]}}"
    for typed, expected in {
        "jaxvae t": {"train"},
        "jaxvae train --prior V": {"Vamp"},
        "jaxvae train --prior.num_c": {"--prior.num_classes", "--prior.num_components"},
        "jaxvae sweep --see": {"--seed", "--seeds"},
        "jaxvae evaluate --mark": {"--markdown"},
    }.items():
        line = ask.format(typed, len(typed.split()) - 1)
        done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True)
        assert set(done.stdout.split()) == expected, (typed, done.stderr)


@pytest.mark.slow
def test_a_script_of_another_version_says_so(tmp_path: Path) -> None:
    """A checkout of another version than the package that Python finds."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "jaxvae").mkdir()
    shutil.copy(ROOT / "experiments" / "train.py", tmp_path / "experiments" / "train.py")
    version = tmp_path / "jaxvae" / "version.py"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "experiments/train.py", "--latent_dim", "x"]
    for written, words in {
        "9.9.9": f"of jaxvae 9.9.9 and needs that version, got {jv.__version__} from {ROOT / 'jaxvae'}: run pip",
        jv.__version__: "--latent_dim must be a whole number",
    }.items():
        version.write_text(f'__version__ = "{written}"\n')
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert words in done.stderr


@pytest.mark.slow
def test_the_installed_command_finds_a_module_of_the_current_folder(tmp_path: Path) -> None:
    """Started from elsewhere, as a script of bin/ is: the first entry of the path is not the current folder."""
    (tmp_path / "my_prior.py").write_text(
        "import jaxvae as jv\n\n@jv.dataclass\nclass Mine(jv.priors.StandardNormal):\n    scale: float = 1.0\n"
    )
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "jaxvae").write_text("from jaxvae.commands import main\nmain()\n")
    command = [
        sys.executable,
        "bin/jaxvae",
        "train",
        "--prior",
        "my_prior.Mine",
        "--prior.scale",
        "2",
        "--print_config",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "class_path: my_prior.Mine" in done.stdout
    assert "scale: 2.0" in done.stdout


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
