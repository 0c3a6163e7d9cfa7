"""What users name by import path: optimizers, data, metrics and modules of Linen, and what goes wrong there."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
import optax
import pytest

import jaxvae as jv
from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import construct, parse
from jaxvae.cli.setup import set_up_from
from jaxvae.data import load
from jaxvae.runs.setup_checks import check_traces
from jaxvae.training.checkpoint import restore_parameters
from tests.experiments.conftest import EVALUATE, FAST, TRAIN, Script
from tests.experiments.test_bad_input import refused

OWN = """
import math
import flax.linen as nn, jax, numpy as np, optax
from jaxvae.data import Dataset, Split
from jaxvae.evaluation.figures import Estimate, figure

ready = optax.sgd(0.1)

def chain(num_steps, learning_rate=0.01):
    return optax.chain(optax.clip(0.5), optax.adamw(optax.linear_schedule(learning_rate, 0.0, num_steps)))

frozen = optax.GradientTransformation(lambda p: (), lambda g, s, p=None: (None, s))
summed = optax.GradientTransformation(lambda p: (), lambda g, s, p=None: (jax.tree.map(lambda x: x.sum(), g), s))
growing = optax.GradientTransformation(lambda p: (), lambda g, s, p=None: (g, (s, 1)))

def leave_now():
    raise SystemExit(0)

def lists():
    return Dataset("mine", *3 * [Split([[0, 1]])], maximum=1)

def arrays():
    return Dataset("mine", *3 * [np.zeros((3, 2), np.uint8)], maximum=1)

def no_levels():
    return Dataset("mine", *3 * [Split(np.zeros((3, 2), np.uint8))], maximum=0)

def number():
    return 3

def broken():
    return 1 / 0

def load(size=60, seed=0):
    rows = np.random.default_rng(seed).integers(0, 2, (3, size, 4, 3, 1), dtype=np.uint8)
    return Dataset("mine", *(Split(part) for part in rows), maximum=1)

class Hidden(nn.Module):
    features: tuple[int, ...] = (6,)

    @nn.compact
    def __call__(self, x, output_shape):
        h = x.ravel()
        for size in self.features:
            h = nn.tanh(nn.Dense(size)(h))
        return nn.Dense(math.prod(output_shape))(h).reshape(output_shape)

class Normalized(nn.Module):
    of_the_run: bool = True

    @nn.compact
    def __call__(self, x, output_shape):
        h = nn.BatchNorm(use_running_average=self.of_the_run)(x.ravel())
        return nn.Dense(math.prod(output_shape))(h).reshape(output_shape)

class Noisy(nn.Module):
    @nn.compact
    def __call__(self, x, output_shape):
        h = nn.Dropout(0.5, deterministic=False)(x.ravel())
        return nn.Dense(math.prod(output_shape))(h).reshape(output_shape)

ready_network = Hidden()

def means(subject, count=5):
    return {"mean_pixel": figure(Estimate.of(np.asarray(subject.x[:count]).mean((1, 2, 3))), "grey levels", "a mean")}

def of_the_library(subject):
    return {"elbo": 3.0}

def means_again(subject):
    return means(subject)

def ends_itself(subject):
    raise SystemExit(0)

def odd_entries(subject):
    odd = {"value": 1.0, "standard_error": "x", "unit": "nats"}
    more = {"value": 2.0, "name": 3, "num_samples": "many", "of": None, "unit": 5}
    return {"odd_figure": odd, "odd_summary": {"median": 1.0}, "odd_details": more}

def no_json(subject):
    return {"mine": np.float32(3.0)}
"""
BROKEN_LINE = OWN.splitlines().index("    return 1 / 0") + 1
LAZY = "def __getattr__(name):\n    raise RuntimeError(name)\n"
BROKEN = "import jaxvae\n\nvalue = {}['key']\n"


@pytest.fixture(autouse=True)
def own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    files = {"own": OWN, "broken": BROKEN, "unfinished": "x = (\n", "lazy": LAZY, "ends": "exit(0)\n"}
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    yield tmp_path
    for name in files:
        sys.modules.pop(name, None)


def built(*flags: str) -> dict:
    parser = experiment_parser("")
    return construct(parser, parse(parser, list(flags)))


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--optimizer own.number", ["own.number must return an optax.GradientTransformation", "object of int"]),
        ("--optimizer own.chian", ["--optimizer looked for own.chian", "did you mean chain?"]),
        ("--optimizer onw.chain", ["--optimizer found no module 'onw'", "did you mean own?"]),
        ("--optimizer own.broken", ["--optimizer called own.broken", f"division by zero (own.py:{BROKEN_LINE})"]),
        ("--optimizer own.chain --optimizer.learning_rte 3", ["no option 'learning_rte' (did you mean learning_rate"]),
        ("--optimizer own.ready --optimizer.learning_rate 3", ["takes no options", "own.ready(learning_rate=3)"]),
        ("--optimizer own.chain --learning_rate 0.1", ["--learning_rate must be left out", "to own.chain itself"]),
        ("--optimizer own.chain --gradient_clip 1", ["--gradient_clip must be left out", "got 1.0"]),
        ("--optimizer.learning_rate 3", ["got --optimizer adam", "leave out --optimizer.learning_rate"]),
        ("--optimizer optax.adamw", ["optax.adamw needs a value of learning_rate"]),
        ("--optimizer optax.contrib.reduce_on_plateau", ["gradients and parameters alone", "'value'"]),
        ("--data own.number", ["own.number must return a jaxvae.data.Dataset, got an object of int"]),
        ("--data own.lod", ["--data looked for own.lod", "did you mean load?"]),
        ("--data images.zip", ["got images.zip, which is not a file", "no module 'images'"]),
        ("--data own.load --data.sice 3", ["no option 'sice' (did you mean size?)"]),
        ("--encoder own.Hiden", ["--encoder looked for own.Hiden", "did you mean Hidden"]),
        ("--encoder own.Hidden --encoder.feature 3", ["Hidden has no option 'feature' (did you mean features?)"]),
        ("--encoder own.Hidden --encoder.features x", ["--encoder.features must be"]),
        ("--prior own.Hidden", ["--prior takes a class derived from jaxvae.priors.Prior", "own.Hidden"]),
        ("--prior broken.Prior", ["importing broken raised KeyError: 'key' (broken.py:3)"]),
        ("--prior unfinished.Prior", ["raised SyntaxError: '(' was never closed (unfinished.py:1)"]),
        ("--prior own.ready_network", ["--prior takes a class, got own.ready_network, an object of Hidden"]),
        ("--encoder own.ready_network", ["--encoder takes a class, got own.ready_network"]),
        ("--prior lazy.Prior", ["but reading 'Prior' raised RuntimeError: Prior (lazy.py:2)"]),
        ("--prior ends.Prior", ["importing ends raised SystemExit: 0 (ends.py:1)"]),
        ("--optimizer ends.chain", ["importing ends raised SystemExit: 0 (ends.py:1)"]),
        ("--optimizer own.leave_now", ["--optimizer called own.leave_now, which raised SystemExit: 0 (own.py:"]),
        ("--data own.leave_now", ["--data called own.leave_now, which raised SystemExit: 0 (own.py:"]),
        ("--data own.lists", ["mine: train must be a Split of arrays, got values of list"]),
        ("--data own.arrays", ["mine: train must be a Split of arrays, got ndarray"]),
        ("--data own.no_levels", ["mine: maximum must be >= 1, the largest grey level, got 0"]),
        ("--optimizer own.frozen", ["updates of the structure of the gradients, got nothing for decoder/"]),
        ("--optimizer own.summed", ["updates of the structure of the gradients, got () for decoder/"]),
        ("--optimizer own.growing", ["a state of the structure of the state before, got () for 1"]),
        ("--learning_rate.peak 3", ["--learning_rate takes no options as flags, got --learning_rate.peak"]),
        ("--config config.yaml", ["--prior.base looked for own.Priot"]),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(flags: str, words: list[str], script: Script) -> None:
    Path("config.yaml").write_text("prior: {class_path: WithNoise, init_args: {base: {class_path: own.Priot}}}\n")
    refused(script(TRAIN, *FAST, *flags.split(), "--run_dir", "run"), *words)
    assert not Path("run").exists()


def test_a_module_of_linen_is_the_network_that_it_is_in_python() -> None:
    values = built("--encoder", "own.Hidden", "--encoder.features", "7", "5", "--precision", "bfloat16")
    own = sys.modules["own"].Hidden
    assert values["encoder"] == own((7, 5))
    check_traces(set_up_from(values))
    inner = built("--prior", "Flow", "--prior.bijector.network", "own.Hidden")["prior"]
    assert isinstance(inner.bijector.network, own)


def test_a_module_of_linen_without_the_output_shape_is_refused() -> None:
    import flax.linen as nn

    for build in (lambda: jv.VAE((4,), encoder=nn.Dense(3)), lambda: jv.networks.Bfloat16(nn.Dense(3))):  # type: ignore[arg-type]
        with pytest.raises(jv.UserError, match=r"must be a Linen module with __call__\(self, x, output_shape\).*Dense"):
            build()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--encoder own.Normalized", "VAE.encoder must be a function .* Normalized, which also keeps batch_stats"),
        ("--decoder own.Normalized --precision bfloat16", "VAE.decoder must be .* Normalized, which also keeps"),
        ("--encoder own.Normalized --encoder.of_the_run false", "VAE.encoder must be .* leave out"),
        ("--encoder own.Noisy", "VAE.encoder must be a function .* got a Noisy .* leave out dropout"),
    ],
)
def test_a_module_of_linen_with_state_or_noise_is_refused(flags: str, words: str) -> None:
    """By gradient the statistics of a batch norm would be learned: they are no parameters."""
    with pytest.raises(jv.UserError, match=words) as caught:
        check_traces(set_up_from(built(*flags.split())))
    assert "\n" not in str(caught.value)


def test_data_are_those_that_the_function_returns() -> None:
    values = built("--data", "own.load", "--data.size", "30", "--data.seed", "4")
    assert values["data"] == "own.load(size=30, seed=4)"
    found, expected = load(values["data"]), sys.modules["own"].load(30, 4)
    assert np.array_equal(found.train.values, expected.train.values)
    assert values == built("--data", "own.load(size=30, seed=4)")


@pytest.mark.slow
def test_a_run_is_trained_resumed_and_scored_by_functions_of_ones_own(script: Script) -> None:
    small = [*FAST, "--data", "own.load", "--encoder", "own.Hidden", "--freeze", "decoder", "--ema_decay", "0.5"]
    optimizer = ["--optimizer", "own.chain", "--optimizer.learning_rate", "0.02"]
    flags = [*[word for word in small if word not in ("--encoder.features", "[9]")], *optimizer]
    outcome = script(TRAIN, *flags, "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    config = Path("run/config.yaml").read_text()
    assert "optimizer: own.chain(learning_rate=0.02)\n" in config
    assert "data: own.load\n" in config
    assert "\nlearning_rate" not in config
    assert "parent" not in config
    refused(
        script(TRAIN, "--run_dir", "run", "--resume", "--optimizer.learning_rate", "3"), "own.chain(learning_rate=3)"
    )
    before = restore_parameters(Path("run"))
    assert script(TRAIN, "--run_dir", "run", "--resume", "--epochs", "3").code == 0
    after = restore_parameters(Path("run"))
    moved = {name.split("/")[0] for name in after if not np.array_equal(after[name], before[name])}
    assert moved == {"encoder", "likelihood"}  # the decoder is frozen, and the others learn nothing

    assert script(EVALUATE, "run", "--metrics", "latents", "own.means", "own.means(count=9)").code == 0
    entry = json.loads(Path("run/evaluation.json").read_text())["mean_pixel"]
    assert entry["value"] == pytest.approx(sys.modules["own"].load().test.values[:9].mean())
    refused(script(EVALUATE, "run", "--metrics", "own.no_json", "own.means"), "values that JSON can hold, got float32")
    document = json.loads(Path("run/evaluation.json").read_text())
    assert document["own.no_json"]["value"] is None
    assert document["mean_pixel"]["value"] == pytest.approx(sys.modules["own"].load().test.values[:5].mean())
    refused(script(EVALUATE, "run", "--metrics", "own.of_the_library"), "names of its own, got 'elbo'")
    refused(script(EVALUATE, "run", "--metrics", "own.means", "own.means_again"), "of its own, got 'mean_pixel'")
    refused(script(EVALUATE, "run", "--metrics", "own.means", "--metrics.count", "3"), "'my_module.my_group(option=3)'")
    refused(script(EVALUATE, "run", "--data.size", "3"), "got no --data")
    shown = script(EVALUATE, "run", "--metrics", "own.odd_entries", "own.ends_itself", "--markdown")
    assert shown.code == 0
    assert "| odd_details | 2.000 |  | 5 |" in shown.out
    assert "odd_figure" not in shown.out  # its error is no number
    assert "warning: own.ends_itself: SystemExit: 0 (own.py:" in shown.err
    refused(script(EVALUATE, "run", "--metrics", "own.number"), "own.number, which has no argument")
    refused(script(EVALUATE, "run", "--metrics", "own.maens"), "--metrics looked for own.maens", "did you mean means?")


@pytest.mark.slow
def test_a_sweep_has_one_program_for_all_members_of_one_optimizer(script: Script) -> None:
    flags = ["--data", "own.load", "--optimizer", "own.chain", "--objective.beta", "0.5", "2", "--seeds", "2"]
    outcome = script("experiments/sweep.py", *FAST, *flags, "--optimizer.learning_rate", "0.01", "0.02")
    assert outcome.code == 0, outcome.err
    rows = Path("runs/sweep-1/sweep.csv").read_text().splitlines()
    assert len(rows) == 1 + 8
    refused_flags = ["--data", "own.load", "--data.size", "30", "40"]
    outcome = script("experiments/sweep.py", *FAST, *refused_flags)
    assert outcome.code == 2
    assert "figures of different data do not compare" in outcome.err


@pytest.mark.slow
def test_an_optimizer_by_its_path_is_the_one_of_optax() -> None:
    """Both as `optax.adamw` takes the steps."""
    params = {"w": jax.numpy.array([1.0, -2.0])}
    by_path = jv.training.Optimizer("optax.adamw(learning_rate=0.1)").transformation(10)
    by_object = jv.training.Optimizer(optax.adamw(0.1)).transformation(10)
    with jax.numpy_dtype_promotion("standard"):
        expected, _ = optax.adamw(0.1).update(params, optax.adamw(0.1).init(params), params)
    for chain in (by_path, by_object):
        found, _ = chain.update(params, chain.init(params), params)
        np.testing.assert_array_equal(found["w"], expected["w"])  # type: ignore[index]


def test_the_options_of_a_function_are_explained(script: Script) -> None:
    outcome = script(TRAIN, "--optimizer.help", "own.chain")
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "--optimizer own.chain: a function without a docstring",
        "  --optimizer.num_steps: (default: required)",
        "  --optimizer.learning_rate: (default: 0.01)",
    ]
    refused(script(TRAIN, "--data.help", "own.lod"), "--data.help looked for own.lod", "did you mean load?")
    refused(script(TRAIN, "--data.help"), "--data.help needs the import path of a function, got none")
    refused(script(TRAIN, "--data.help", "own.math"), "got own.math, a module")
