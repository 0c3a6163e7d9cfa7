"""Blocks of work for a GPU: what a machine without network gets, what stops them, and rehearsals on a CPU."""

import json
import math
import subprocess
import sys
import time
from functools import partial
from importlib.metadata import distributions
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import jaxvae as jv
from jaxvae.data import load
from tests.conftest import ROOT
from tests.experiments.conftest import Script

sys.path.insert(0, str(ROOT / "scripts"))
import gpu_block
import offline_bundle
from benchmarks.task import Work
from gpu import configurations, page, parity, speed
from gpu.block import Settings
from gpu.blocks import BLOCKS

sys.path.remove(str(ROOT / "scripts"))

GPU_BLOCK = "scripts/gpu_block.py"


def test_blocks_are_listed_and_an_unknown_one_is_refused(script: Script) -> None:
    listed = script(GPU_BLOCK, "--list").out.splitlines()
    assert [line.split()[0] for line in listed] == list(BLOCKS)
    outcome = script(GPU_BLOCK, "iwae50", "--out", "out")
    assert outcome.code == 2
    assert "the block must be one of parity, benchmark, iwae_50, " in outcome.err
    assert "did you mean iwae_50" in outcome.err
    assert not Path("out").exists()


def test_a_block_needs_a_gpu_and_ends_in_nine_minutes(script: Script) -> None:
    outcome = script(GPU_BLOCK, "parity", "--out", "out")
    assert outcome.code == 2
    assert outcome.err.startswith("error: parity needs a GPU that JAX sees, got a CPU")
    outcome = script(GPU_BLOCK, "parity", "--small", "--seconds", "600")
    assert (outcome.code, outcome.err) == (2, "error: --seconds must be > 0 and <= 540, got 600\n")


def test_a_gpu_that_is_too_small_is_refused_by_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    small = SimpleNamespace(platform="gpu", device_kind="Small", memory_stats=lambda: {"bytes_limit": 6 * 2**30})
    monkeypatch.setattr(jax, "devices", lambda: [small])
    with pytest.raises(jv.UserError, match=r"^parity needs .* 8 GiB .* got 6\.0 GiB on Small, 2\.0 GiB too few"):
        gpu_block.check_device(BLOCKS["parity"])


def test_a_folder_of_another_block_and_data_that_are_absent_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu_block.check_state(BLOCKS["iwae_50"], Settings(tmp_path, small=True))
    gpu_block.check_state(BLOCKS["iwae_50"], Settings(tmp_path, small=True))
    for name in ("dreg_50", "iwae_50"):
        with pytest.raises(jv.UserError, match=rf"^--out must be new or of {name}, got .* with iwae_50 in small"):
            gpu_block.check_state(BLOCKS[name], Settings(tmp_path))
    monkeypatch.setenv("JAXVAE_DATA_DIR", str(tmp_path))
    with pytest.raises(jv.UserError, match=r"^vamp_500_static needs the data set binarized_mnist as arrays"):
        gpu_block.check_data(BLOCKS["vamp_500_static"])
    monkeypatch.setattr(page, "FOLDER", tmp_path)
    (tmp_path / "iwae_50.json").write_text('{"block": "iwae_50", "small": true}')
    with pytest.raises(jv.UserError, match=r"must be a result of iwae_50 in full"):
        page.results()


def test_every_row_has_its_configuration_and_its_data() -> None:
    rows = [block for block in BLOCKS.values() if block.data]
    assert len(rows) == len(BLOCKS) - 2 == 10
    for block in rows:
        text = configurations.config_of(block.name).read_text()
        assert f"\ndata: {block.data[0]}\n" in text
        assert "\n# published: " in text


@pytest.mark.slow
def test_figures_of_this_cpu_are_those_committed_and_a_wrong_one_is_noticed(tmp_path: Path) -> None:
    result = parity.parity(Settings(tmp_path, small=True))
    assert result["same_dynamic_test_set"]
    off = {name: check for name, check in result["checks"]["highest"].items() if not check["ok"]}
    assert not off
    assert result["ok"]
    on_cpu = {
        "M: loss": -500.0,
        "M: gradient of the decoder": 2.0,
        "M: projection of the decoder": 0.3,
        "product": 1e-7,
    }
    assert parity._check("M: loss", -500.009, on_cpu)["ok"]
    assert parity._check("M: projection of the decoder", 0.30019, on_cpu)["ok"]
    wrong = {"M: loss": -500.02, "M: gradient of the decoder": 2.001, "M: projection of the decoder": -0.3}
    for name, value in {**wrong, "product": 3e-4}.items():  # a product of factors of 10 bits
        assert not parity._check(name, value, on_cpu)["ok"]
    assert not parity._check("M: loss", float("nan"), on_cpu)["ok"]


@pytest.mark.slow
def test_a_row_that_was_cut_off_goes_on_with_the_length_that_was_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "tiny.yaml"
    config.write_text("data: digits\nencoder.features: [9]\ndecoder.features: [8]\nepochs: 700\nnum_samples: 3\n")
    monkeypatch.setattr(configurations, "config_of", lambda name: config)
    monkeypatch.setattr(configurations, "ROOT", tmp_path)
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    monkeypatch.setattr(configurations, "_measured", lambda setup, num_samples: configurations._Seconds(100.0, 5.0))
    cut = configurations.configuration("tiny", Settings(tmp_path, seconds=0.5))
    assert (cut["done"], cut["epochs"], cut["epochs_of_the_configuration"]) == (False, 2, 700)
    plan = json.loads((tmp_path / "run" / "plan.json").read_text())
    (tmp_path / "run" / "plan.json").write_text(json.dumps({**plan, "epochs": 3, "flags": ["--epochs", "3"]}))
    whole = configurations.configuration("tiny", Settings(tmp_path))
    assert (whole["done"], whole["epochs"], whole["log_marginal"]["num_samples"]) == (True, 3, 3)
    assert whole["log_marginal"]["value"] < 0


def test_a_plan_fits_the_time_with_fewer_draws_and_a_shorter_warmup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "tiny.yaml"
    schedule = "{class_path: ELBO, init_args: {schedule: {class_path: Linear, init_args: {steps: 50000}}}}"
    config.write_text(f"data: digits\nobjective: {schedule}\nepochs: 700\nnum_samples: 5000\n")
    monkeypatch.setattr(configurations, "config_of", lambda name: config)
    monkeypatch.setattr(configurations, "_measured", lambda setup, num_samples: configurations._Seconds(1.0, 1000.0))
    plan = configurations._plan("tiny", Settings(tmp_path, seconds=160.0))
    assert 0.9 * 150 <= plan["num_samples"] <= 150  # three tenths of the 100 seconds that are left at most
    assert 60 <= plan["epochs"] <= 70
    steps = plan["epochs"] * math.ceil(len(load("digits").train) / 100)
    assert abs(plan["warmup_steps_of_the_KL"] - steps / 5) <= 1
    assert plan["flags"][-2:] == ["--objective.schedule.steps", str(plan["warmup_steps_of_the_KL"])]
    long = configurations._plan("tiny", Settings(tmp_path, seconds=1e6))
    assert (long["epochs"], long["num_samples"]) == (700, 5000)


@pytest.mark.slow
def test_a_training_whose_time_is_up_can_save_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = tmp_path / "saved"
    # a shell, which has set its trap long before the time is up, however busy the machine is
    program = f"trap 'touch {saved}; kill $!; exit 0' INT; sleep 60 & wait"
    monkeypatch.setattr(configurations, "_TO_END", 10.0)
    assert configurations._in_time(["sh", "-c", program], time.perf_counter() + 14.0) is None
    assert saved.exists()
    assert configurations._in_time([sys.executable, "-c", "raise SystemExit(3)"], time.perf_counter() + 60.0) == 3


def test_the_page_says_what_ran_and_what_comes_next(monkeypatch: pytest.MonkeyPatch) -> None:
    log_p = {"value": -84.5, "standard_error": 0.25}
    result = {"done": True, "log_marginal": log_p, "epochs": 70, "epochs_of_the_configuration": 3280, "hardware": "G"}
    result |= {"num_samples": 5000, "warmup_steps_of_the_KL": 9, "warmup_steps_of_the_configuration": 50_000}
    monkeypatch.setattr(page, "results", lambda: {"iwae_50": {**result, "commit": "abc"}})
    ran, waiting = page.page().split("## Next")
    row = next(line for line in ran.splitlines() if line.startswith("| iwae_50 "))
    assert "−log p(x) 84.50 ± 0.25 nats" in row
    assert "by 5,000 draws" in row
    assert "84.78 (IWAE paper)" in row
    assert "| 84.59: met | " in row
    assert "| 70, 3,280; warm-up of the KL 9, 50,000 steps | G | abc |" in row
    names = [line.split()[1] for line in waiting.splitlines() if line.startswith("| ")][1:]
    assert names == [name for name in BLOCKS if name != "iwae_50"]
    of_each = {"jaxvae": 2.0, "jaxvae, step by step": 2.5, "PyTorch": 5.0, "PyTorch, x": 3.0}
    seconds = {name: {"seconds": value} for name, value in of_each.items()}
    task = {"title": "an epoch", "contenders": seconds, "share_of_peak": 0.25}
    benchmark = {"done": True, "tasks": {"one": task}, "hardware": "G", "commit": "abc"}
    monkeypatch.setattr(page, "results", lambda: {"benchmark": benchmark})
    rows = "| an epoch | 2 | 3 | 1.50 | 25% | – |\n| an epoch, step by step | 2.5 | 3 | 1.20 | – | – |"
    assert f"\n{rows}\n" in page.page()


@pytest.mark.slow
def test_a_benchmark_that_was_cut_off_goes_on_without_the_peer_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def fails() -> None:
        raise RuntimeError("no\ncompiler")

    def task_of(name: str, count: int) -> Any:
        return speed.Task(name, {"limit": lambda: ran.append(name), "jaxvae": lambda: None, "peer": fails}, 1.0,
                          work=lambda: Work(1e9, 1e6, jnp.float32))  # fmt: skip

    monkeypatch.setattr(speed, "TASKS", {name: partial(task_of, name) for name in ("first", "second")})
    cut = speed.speed(Settings(tmp_path, seconds=speed._FOR_ONE - 1.0))
    assert (cut["done"], cut["tasks"], ran) == (False, {}, [])
    (tmp_path / "run" / "tasks.json").write_text(json.dumps({"first": {"title": "kept"}}))
    whole = speed.speed(Settings(tmp_path, small=True))
    assert (whole["done"], set(ran)) == (True, {"second"})
    assert whole["tasks"]["first"] == {"title": "kept"}
    assert whole["tasks"]["second"]["failed"] == {"peer": "RuntimeError: no compiler"}
    assert set(whole["tasks"]["second"]["contenders"]) == {"limit", "jaxvae"}
    assert {"share_of_peak", "share_of_bandwidth"} < set(whole["tasks"]["second"])


def test_what_was_measured_stays_when_the_time_is_up_in_the_middle_of_a_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(name: str, small: bool) -> dict[str, Any]:
        if name == "second":
            raise KeyboardInterrupt
        return {"title": name}

    monkeypatch.setattr(speed, "TASKS", dict.fromkeys(("first", "second", "third")))
    monkeypatch.setattr(speed, "_measured", measured)
    found = speed.speed(Settings(tmp_path, small=True))
    assert found == {"done": False, "tasks": {"first": {"title": "first"}}}
    assert json.loads((tmp_path / "run" / "tasks.json").read_text()) == found["tasks"]


@pytest.fixture
def has(tmp_path: Path) -> str:
    """A file that names all that is installed here."""
    path = tmp_path / "has.txt"
    path.write_text("\n".join(found.metadata["Name"] for found in distributions()))
    return str(path)


HERE = "{}.{}".format(*sys.version_info[:2])


@pytest.mark.slow
def test_a_bundle_carries_a_block_through_a_machine_without_network(tmp_path: Path, has: str, script: Script) -> None:
    """Here with all packages; then with another Python, with too much data, and where there is one already."""
    flags = ("scripts/offline_bundle.py", "--has", has, "--data", "--python", HERE, "--out")
    outcome = script(*flags, "bundle")
    assert outcome.code == 0, outcome.err
    assert [path.name.split("-")[0] for path in Path("bundle/wheels").iterdir()] == ["jaxvae"]

    def on_gpu(*words: str, seconds: str = "540") -> Any:
        command = ["sh", str(ROOT / "scripts" / "on_gpu.sh"), *words]
        environment = {"PYTHON": sys.executable, "PATH": "/usr/bin:/bin", "PIP_NO_INDEX": "1", "BLOCK_SECONDS": seconds}
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)

    ended = on_gpu("bundle", "no_block", "out")
    assert ended.returncode == 2
    assert "the block must be one of parity, " in ended.stdout
    assert (tmp_path / "out" / "log.txt").read_text() == ended.stdout
    ended = on_gpu("bundle", "parity", "out", "--small")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert json.loads((tmp_path / "out" / "result.json").read_text())["ok"]

    manifest = Path("bundle/manifest.json")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "python": "3.9"}))
    ended = on_gpu("bundle", "parity", "out", "--small")
    assert (ended.returncode, ended.stderr) == (
        2, f"error: the bundle is for Python 3.9, got {HERE}: make it with --python {HERE}\n"
    )  # fmt: skip
    assert on_gpu("nowhere", "parity", "out").stderr.startswith("error: BUNDLE must be a folder of")
    manifest.write_text("{")
    ended = on_gpu("bundle", "parity", "out", "--small")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("error: bundle/manifest.json must be whole, got one without python")
    for seconds in ("abc", "600", "0"):
        ended = on_gpu("bundle", "parity", "out", seconds=seconds)
        assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
        assert "BLOCK_SECONDS must be" in ended.stderr

    outcome = script(*flags, "bundle")
    assert outcome.code == 2
    assert "--out must be a folder that does not exist yet, got bundle" in outcome.err


def test_a_bundle_that_is_too_large_leaves_nothing(
    tmp_path: Path, has: str, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offline_bundle, "missing", lambda has, python: [])
    monkeypatch.setattr(offline_bundle, "pip", lambda *words: "")
    monkeypatch.setattr(offline_bundle, "MOST_MEGABYTES", 0.0001)
    monkeypatch.setattr(sys, "argv", ["offline_bundle.py", "--has", has, "--data", "--out", "bundle"])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        jv.UserError, match=r"^a bundle must have at most 0.0001 MB, got \d+ MB, the largest .* MB: name more"
    ):
        offline_bundle.main()
    assert not Path("bundle").exists()
