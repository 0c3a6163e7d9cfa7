"""How many grey levels the data have, from the shell: a run takes their number from the data, and says it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import construct, parse
from jaxvae.cli.setup import set_up_from
from jaxvae.errors import UserError
from jaxvae.likelihoods import Likelihood
from tests.experiments.conftest import FAST, TRAIN, Script


def likelihood_of(*flags: str) -> Likelihood:
    parser = experiment_parser("")
    return set_up_from(construct(parser, parse(parser, list(flags)))).training.model.likelihood


@pytest.mark.parametrize("name", ["Categorical", "DiscretizedLogistic", "DiscretizedLogisticMixture", "BetaBinomial"])
def test_digits_have_17_levels_and_binary_pictures_two(name: str) -> None:
    assert likelihood_of("--likelihood", name).support.num_levels == 17
    assert likelihood_of("--likelihood", name, "--binarize", "threshold").support.num_levels == 2


@pytest.mark.parametrize(("largest", "dtype"), [(255, np.uint8), (255, np.float32), (9, np.float32)])
def test_levels_of_files(tmp_path: Path, largest: int, dtype: type) -> None:
    """8-bit integers have 256, floats what the step between neighbours says."""
    path, levels = str(tmp_path / "x.npy"), np.arange(largest + 1).repeat(2).reshape(-1, 2)
    np.save(path, (levels / largest if dtype == np.float32 else levels).astype(dtype))
    assert likelihood_of("--data", path, "--likelihood", "Categorical").support.num_levels == largest + 1


def test_data_without_levels_are_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "x.npy")
    np.save(path, np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32))
    with pytest.raises(UserError, match=r"^Categorical.num_levels must be a number if .* take Normal"):
        likelihood_of("--data", path, "--likelihood", "Categorical")


@pytest.mark.slow
def test_the_number_stands_in_the_configuration(script: Script) -> None:
    levels = np.random.default_rng(0).integers(0, 10, (50, 3, 2)) / np.float32(9)
    np.save("x.npy", levels)  # six pixels are fitted in seconds
    flags = ("--data", "x.npy", "--likelihood", "ZeroInflated", "--likelihood.likelihood", "BetaBinomial")
    flags += ("--scale", "true", "--num_samples", "0")
    assert script(TRAIN, *FAST, *flags, "--run_dir", "run").code == 0
    options: Any = yaml.safe_load(Path("run/config.yaml").read_text())["likelihood"]["init_args"]["likelihood"]
    assert options["init_args"]["total_count"] == 9
