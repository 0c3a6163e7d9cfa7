"""scripts/benchmark.py: what it writes, and its flags; never how long anything takes."""

import json
import sys
from pathlib import Path

import jax
import pytest
from rich.console import Console

from tests.conftest import ROOT
from tests.experiments.conftest import Script

BENCHMARK = "scripts/benchmark.py"
LIMITS = ["matrix products alone", "matrix products alone, compiled plainly"]


@pytest.mark.slow
def test_every_contender_in_every_round(script: Script) -> None:
    outcome = script(BENCHMARK, "log_marginal", "--examples", "2", "--rounds", "3", "--output", "out.json")
    assert outcome.code == 0, outcome.err
    document = json.loads(Path("out.json").read_text())
    task = document["tasks"]["log_marginal"]
    assert task["examples_timed"] == 2
    assert set(task["contenders"]) == {*LIMITS, "jaxvae", "PyTorch"}
    assert task["contenders"]["matrix products alone"]["over_first"] == 1.0
    for name, contender in task["contenders"].items():
        assert len(contender["of_each_round"]) == 3
        assert sorted(contender["of_each_round"])[1] == contender["seconds"]
        assert name in outcome.out
    assert "cpu" in document["hardware"]


@pytest.mark.slow
@pytest.mark.parametrize("task", ["mlp_epoch", "iwae_epoch"])
def test_training_stands_beside_its_peers(script: Script, task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.compile", lambda function: function)  # half a minute, for what is no concern of ours
    with (
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
        jax.debug_key_reuse(False),
    ):  # numpyro
        outcome = script(BENCHMARK, task, "--examples", "200", "--rounds", "1", "--output", "out.json")
    assert outcome.code == 0, outcome.err
    contenders = json.loads(Path("out.json").read_text())["tasks"][task]["contenders"]
    ours = ["jaxvae", "jaxvae, compiled plainly"]
    expected = [*LIMITS, *ours, "PyTorch", "PyTorch, torch.compile", "pythae 0.1.2, not binarising"]
    assert list(contenders) == expected + ["numpyro, SVI"] * (task == "mlp_epoch")


@pytest.mark.slow
def test_convolutions_in_the_loop_and_step_by_step(script: Script) -> None:
    outcome = script(BENCHMARK, "convolution", "--examples", "128", "--rounds", "1", "--output", "out.json")
    assert outcome.code == 0, outcome.err
    contenders = json.loads(Path("out.json").read_text())["tasks"]["convolution"]["contenders"]
    assert list(contenders) == ["convolutions of XLA alone", "jaxvae", "jaxvae, step by step", "PyTorch"]


@pytest.mark.parametrize(
    ("task", "contenders"),
    [
        ("draws", ["jax.random.normal", "standard_normal of jaxvae"]),
        ("biases", ["flax.linen.Dense, +", "Dense and plus_bias of jaxvae"]),
    ],
)
def test_pieces_stand_beside_those_of_jax_and_flax(script: Script, task: str, contenders: list[str]) -> None:
    outcome = script(BENCHMARK, task, "--examples", "3", "--rounds", "1", "--output", "out.json")
    assert outcome.code == 0, outcome.err
    assert list(json.loads(Path("out.json").read_text())["tasks"][task]["contenders"]) == contenders


@pytest.mark.slow
def test_streams_state_the_memory_that_they_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "scripts"), *sys.path])
    from benchmark import measure
    from benchmarks import streaming

    monkeypatch.setattr(streaming, "GIGABYTE", 784 * 1000)
    results = measure(streaming.streaming((28, 28, 1), (1, 2), 128), 1, Console(quiet=True))
    assert list(results) == [
        "in memory",
        "array_record, 1 GB of images",
        "1 GB of images, read and not trained on",
        "array_record, 2 GB of images",
        "2 GB of images, read and not trained on",
    ]
    assert all(50 < result["peak_megabytes"] < 10_000 for result in results.values())


def test_a_command_that_fails_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "scripts"), *sys.path])
    from benchmarks import commands

    commands.cold_start(1).contenders["train.py --help"]()
    monkeypatch.setattr(commands, "TRAIN", "no_such_file.py")
    with pytest.raises(RuntimeError, match=r"no_such_file.py .* ended with 2: .*No such file"):
        commands.cold_start(1).contenders["train.py"]()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gpu_elbo", "gpu_iwae", "gpu_sweep", "gpu_resnet"])
def test_tasks_of_a_gpu_run_and_count_their_operations(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "scripts"), *sys.path])
    from benchmarks import accelerator

    monkeypatch.setattr(accelerator, "BATCH", 10)
    monkeypatch.setattr(accelerator, "torch_contenders", lambda images, draws: {})  # another test runs them
    if name == "gpu_sweep":
        task = accelerator.sweep(20, members=3)
    elif name == "gpu_resnet":
        task = accelerator.residual(4, channels=(2, 3), batch_size=2)
    else:
        task = accelerator.TASKS[name](20)
    for run in task.contenders.values():
        run()
    found = accelerator.shares(task, 1e3, 64, 2**12)
    operations = found["operations"]
    assert accelerator.shares(task, 2e3, 64, 2**12)["share_of_peak"] == pytest.approx(0.5 * found["share_of_peak"])
    assert found["share_of_peak"] * accelerator.limits(task.work().dtype, 64, 2**12).operations == pytest.approx(
        operations / 1e3
    )
    assert found["share_of_bandwidth"] > 0.0
    if name != "gpu_resnet":
        encoder, decoder = 784 * 200 + 200 * 200 + 200 * 100, 50 * 200 + 200 * 200 + 200 * 784
        draws, models = (50 if name == "gpu_iwae" else 1), (3 if name == "gpu_sweep" else 1)
        products = 6 * 60_000 * models * (encoder + draws * decoder)  # forward, and backward for inputs and weights
        assert 0.7 * products < operations < 3.0 * products  # Adam and the rest weigh more in a batch of 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["log_marginals"],
            "convolution, draws, biases, cold_start, many_models, streaming, streaming_colour, got 'log_marginals'",
        ),
        (["--gpu"], "--gpu needs a GPU or a TPU that JAX sees, got a CPU only"),
        (["--gpu", "mlp_epoch"], "tasks must be of gpu_elbo, gpu_iwae, gpu_sweep, gpu_resnet, got 'mlp_epoch'"),
        (["--rounds", "0"], "--rounds must be >= 1, got 0"),
        (["--output", "missing/out.json"], "--output must be a file in a folder that exists"),
    ],
)
def test_bad_flags(script: Script, flags: list[str], message: str) -> None:
    outcome = script(BENCHMARK, *flags)
    assert outcome.code == 2
    assert message in outcome.err
