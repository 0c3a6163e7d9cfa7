"""Which likelihood data get where none is named; nothing is trained."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from jaxvae import likelihoods
from jaxvae.cli.experiment import config_text, experiment_parser
from jaxvae.cli.flags import construct, parse
from jaxvae.cli.setup import set_up_from
from jaxvae.errors import UserError
from jaxvae.runs.setup import Setup
from tests.experiments.conftest import FAST, TRAIN, Script

RNG = np.random.default_rng(0)
N = 60


def levels(largest: int, *shape: int) -> np.ndarray:
    array = RNG.integers(0, largest + 1, (N, *shape))
    array.flat[:2] = (0, largest)
    return array


def ready(tmp_path: Path, array: np.ndarray, *flags: str) -> Setup:
    np.save(tmp_path / "a.npy", array)
    parser = experiment_parser("")
    return set_up_from(
        construct(parser, parse(parser, ["--data", str(tmp_path / "a.npy"), "--latent_dim", "2", *flags]))
    )


TABLE = np.stack(
    [RNG.integers(0, 90, N), RNG.integers(0, 2, N), RNG.gamma(0.5, size=N) + 1e-3, RNG.normal(size=N), np.full(N, 7.5)],
    axis=1,
)


@pytest.mark.parametrize(
    ("array", "flags", "expected", "scale"),
    [
        (levels(1, 4, 3), (), likelihoods.Bernoulli(), True),
        (levels(1, 4, 3).astype(float), (), likelihoods.Bernoulli(), True),
        (levels(1, 9), (), likelihoods.Bernoulli(), True),
        (levels(16, 4, 3), (), likelihoods.DiscretizedLogistic(num_levels=17), True),
        (levels(255, 4, 3), (), likelihoods.DiscretizedLogistic(num_levels=256), True),
        (levels(200, 4, 3), (), likelihoods.DiscretizedLogistic(num_levels=256), True),
        (levels(255, 4, 3) / 255, (), likelihoods.DiscretizedLogistic(num_levels=256), True),
        (levels(255, 4, 3, 3), (), likelihoods.DiscretizedLogistic(num_levels=256), True),
        (levels(255, 6, 5, 2), (), likelihoods.DiscretizedLogistic(num_levels=256), True),
        (levels(255, 4, 3), ("--binarize", "dynamic"), likelihoods.Bernoulli(), True),
        (levels(255, 4, 3), ("--binarize", "threshold"), likelihoods.Bernoulli(), True),
        (levels(255, 4, 3), ("--dequantize",), likelihoods.Normal(), True),
        (levels(255, 4, 3), ("--symmetric",), likelihoods.Normal(), True),
        (levels(255, 4, 3), ("--scale", "false"), likelihoods.NegativeBinomial(), False),
        (RNG.normal(size=(N, 4, 3)), (), likelihoods.Normal(), True),
        (RNG.uniform(size=(N, 4, 3, 3)), (), likelihoods.Normal(), True),
        (levels(255, 64), (), likelihoods.DiscretizedLogistic(num_levels=256), True),  # a picture of 8 × 8 as a row
        (levels(255, 63), (), likelihoods.NegativeBinomial(), False),
        (levels(90_000, 5), (), likelihoods.NegativeBinomial(), False),
        (levels(30, 3) + 1990, (), likelihoods.Normal(), False),  # years
        (1.7e9 + RNG.uniform(size=(N, 3)), (), likelihoods.Normal(), False),  # time stamps
        (RNG.normal(size=(N, 3)) * [1e-40, 1.0, 1.0], (), likelihoods.Normal(), False),
        (levels(9, 5) - 4, (), likelihoods.Normal(), False),
        (RNG.normal(size=(N, 5)) * 30, (), likelihoods.Normal(), False),
        (TABLE, (), likelihoods.Mixed(("count", "binary", "positive", "real", "real")), False),
        (np.concatenate([levels(1, 30), levels(9, 30)], axis=1), (), likelihoods.NegativeBinomial(), False),
        (np.concatenate([levels(9, 30), RNG.normal(size=(N, 30))], axis=1), (), likelihoods.Normal(), False),
    ],
)  # fmt: skip
def test_by_values_and_shape(tmp_path: Path, array: np.ndarray, flags: Any, expected: Any, scale: bool) -> None:
    setup = ready(tmp_path, array, *flags)
    assert setup.training.model.likelihood == expected
    assert setup.training.preprocessing.scale == scale
    assert f"likelihood {type(expected).__name__}, since " in setup.notes[-1]


@pytest.mark.parametrize(
    ("flags", "expected", "binarize"),
    [
        ((), likelihoods.Bernoulli(), "dynamic"),
        (("--binarize", "none"), likelihoods.DiscretizedLogistic(num_levels=17), "none"),
        (("--likelihood", "Normal"), likelihoods.Normal(), "none"),
    ],
)
def test_of_a_set_by_name(flags: tuple[str, ...], expected: Any, binarize: str) -> None:
    parser = experiment_parser("")
    setup = set_up_from(construct(parser, parse(parser, list(flags))))
    assert setup.training.model.likelihood == expected
    assert setup.training.preprocessing.binarize == binarize
    assert bool(setup.notes) == ("--likelihood" not in flags)


@pytest.mark.parametrize("standardize", ["true", "false"])
def test_standardising_can_be_left_out(tmp_path: Path, standardize: str) -> None:
    setup = ready(tmp_path, 30.0 * RNG.normal(size=(N, 3)), "--standardize", standardize)
    start = "data" if standardize == "true" else "unit"
    assert setup.training.model.likelihood == likelihoods.Normal(start=start)
    with pytest.raises(UserError, match=r"^`standardize` is for Normal, .*, got Bernoulli: leave it out$"):
        ready(tmp_path, levels(1, 4), "--standardize", standardize)


def test_the_configuration_states_it_and_means_the_same(tmp_path: Path) -> None:
    setup = ready(tmp_path, TABLE)
    parser = experiment_parser("")
    flags = parse(parser, ["--data", str(tmp_path / "a.npy"), "--latent_dim", "2"])
    text = config_text(parser, flags, setup, num_samples=9)
    stated = yaml.safe_load(text)["likelihood"]
    assert stated["class_path"].rsplit(".", 1)[-1] == "Mixed"
    assert stated["init_args"]["columns"] == ["count", "binary", "positive", "real", "real"]
    (tmp_path / "config.yaml").write_text(text)
    again = set_up_from(construct(parser, parse(parser, ["--config", str(tmp_path / "config.yaml")])))
    assert again.training.model == setup.training.model
    assert again.training.preprocessing == setup.training.preprocessing
    assert again.notes == setup.dataset.notes  # nothing is chosen any more


@pytest.mark.slow
def test_a_run_says_what_was_chosen(script: Script, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", TABLE)
    out = script(TRAIN, *FAST, "--data", "a.npy").out
    assert "likelihood Mixed, since it is a table of 5 columns: count, binary, positive, real, real" in out
