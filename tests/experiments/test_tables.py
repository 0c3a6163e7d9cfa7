"""Counts and tables of mixed columns, from the shell."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.explain import as_flags
from jaxvae.cli.flags import construct, parse
from jaxvae.cli.setup import set_up_from
from jaxvae.errors import UserError
from tests.experiments.conftest import EVALUATE, FAST, TRAIN, Script

KINDS = "[real,count,ordinal:4,categorical:3]"


def table(rows: int = 60) -> np.ndarray:
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, rows)
    columns = (rng.normal(2e4, 3e3, rows), rng.poisson(1e3, rows), group + rng.integers(0, 2, rows), group)
    return np.stack(columns, axis=-1).astype(np.float32)


@pytest.mark.slow
def test_a_mixed_table_trains(script: Script) -> None:
    np.savez("table.npz", table=table())
    flags = ("--data", "table.npz", "--likelihood", "Mixed", "--likelihood.columns", KINDS)
    outcome = script(TRAIN, *FAST, *flags, "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    evaluation = json.loads(Path("run/evaluation.json").read_text())
    assert np.isfinite(evaluation["log_marginal"]["value"])
    assert evaluation["log_marginal"]["bits_per_dimension"] is None  # a density and masses
    assert evaluation["baseline"]["model"] == "independent columns"
    assert evaluation["baseline"]["value"] < 0
    config = yaml.safe_load(Path("run/config.yaml").read_text())
    assert config["likelihood"]["init_args"]["columns"] == ["real", "count", "ordinal:4", "categorical:3"]
    assert config["scale"] is False
    assert script(EVALUATE, "run").code == 0
    again = json.loads(Path("run/evaluation.json").read_text())
    assert {**again, "data": "table.npz"} == evaluation  # by now the path is resolved


def data_of(flags: list[str]) -> Any:
    parser = experiment_parser("")
    return set_up_from(construct(parser, parse(parser, flags)))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_counts_are_scored_as_they_are_stored(tmp_path: Path, dtype: type) -> None:
    """Integers of a table are so for every likelihood that is not one of levels."""
    counts, path = np.random.default_rng(1).poisson(3.0, (40, 5)).astype(dtype), str(tmp_path / "counts.npy")
    np.save(path, counts)
    for flags in (
        ["Poisson"],
        ["ZeroInflated", "--likelihood.likelihood", "Poisson"],
        ["NegativeBinomial"],
        ["Normal"],
    ):
        setup = data_of(["--data", path, "--likelihood", *flags])
        x = setup.training.preprocessing.for_evaluation(setup.dataset.test.values, "test")
        np.testing.assert_array_equal(x, setup.dataset.test.values.astype(np.float32))
    if dtype != np.float32:
        setup = data_of(["--data", path, "--likelihood", "Categorical"])
        x = setup.training.preprocessing.for_evaluation(setup.dataset.test.values, "test")
        np.testing.assert_allclose(x, setup.dataset.test.values / counts.max(), rtol=1e-6)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        (1, 2.5, ["column 1", "counts", "2.5"]),
        (2, 4.0, ["column 2", "{0, …, 3}", "got 4"]),
        (3, -1.0, ["column 3", "{0, …, 2}", "got -1"]),
    ],
)
def test_a_value_outside_its_column_is_named(tmp_path: Path, column: int, value: float, words: list[str]) -> None:
    rows, path = table(), str(tmp_path / "table.npy")
    rows[:, column] = value
    np.save(path, rows)
    with pytest.raises(UserError) as error:
        data_of(["--data", path, "--likelihood", "Mixed", "--likelihood.columns", KINDS])
    shown = as_flags(str(error.value))
    for word in [*words, "--likelihood.columns"]:
        assert word in shown
    assert "\n" not in shown


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--likelihood", "Poisson", "--scale", "true"], ["counts", "0.0625", "--scale true"]),
        (["--likelihood", "Poisson", "--binarize", "dynamic"], ["--binarize", "--scale true"]),
        (["--likelihood", "NegativeBinomial", "--dequantize"], ["--dequantize", "NegativeBinomial"]),
        (["--likelihood", "BetaBinomial", "--likelihood.total_count", "255"], ["{0, 1/255, …, 1}", "total_count 16"]),
        (["--likelihood", "Mixed"], ["(5,)", "(8, 8, 1)"]),
        (["--likelihood", "ZeroInflated", "--likelihood.likelihood", "Poison"], ["did you mean Poisson?"]),
        (["--likelihood", "ZeroInflated", "--likelihood.likelihood", "Bernoulli"], ["of counts", "Bernoulli"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_what_does_not_fit_grey_levels(flags: list[str], words: list[str]) -> None:
    with pytest.raises(UserError) as error:
        data_of(flags)
    shown = as_flags(str(error.value))
    for word in words:
        assert word in shown
    assert "\n" not in shown


def test_levels_of_digits_fit_their_own_maximum() -> None:
    setup = data_of(["--likelihood", "BetaBinomial", "--likelihood.total_count", "16"])
    assert float(setup.training.preprocessing(None, setup.dataset.test.values[:20]).max()) == 1.0  # type: ignore[arg-type]
