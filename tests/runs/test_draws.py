"""How many draws the final log p(x) of a run takes by default."""

from collections.abc import Sequence

import numpy as np
import pytest

from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import construct, parse
from jaxvae.cli.setup import set_up_from
from jaxvae.data import Dataset, Split
from jaxvae.runs.draws import draws_by_size
from jaxvae.runs.setup import Setup

SMALL = ["--encoder.features", "[9]", "--decoder.features", "[8]", "--latent_dim", "3", "--batch_size", "500"]


def setup(words: Sequence[str] = (), train: int = 1437, test: int = 180) -> Setup:
    """Of pictures as large as those of MNIST; nothing is computed with them."""
    train_split, validation, test_split = (Split(np.zeros((count, 28, 28, 1), np.uint8)) for count in (train, 10, test))
    dataset = Dataset("zeros", train_split, validation, test_split, maximum=255)
    parser = experiment_parser("")
    return set_up_from(construct(parser, parse(parser, list(words))), dataset)


@pytest.mark.slow
def test_draws_follow_from_sizes() -> None:
    """K · n_test ∝ epochs · n_train; operations of encoder and decoder are nearly in one ratio, however wide."""
    digits = set_up_from(construct(parser := experiment_parser(""), parse(parser, [])))
    assert (digits.training.num_epochs, digits.training.patience, draws_by_size(digits)) == (200, 40, 5000)
    mnist = draws_by_size(setup(train=50_000, test=10_000))
    assert mnist == 500
    assert draws_by_size(setup(train=50_000, test=50_000)) == 100
    assert draws_by_size(setup(train=50_000, test=2_500)) == 2000
    assert draws_by_size(setup(["--epochs", "136"], train=50_000, test=10_000)) == 2000
    wider = ["--encoder.features", "[600,600]", "--decoder.features", "[600,600]"]
    assert draws_by_size(setup(wider, train=50_000, test=10_000)) == mnist
    assert draws_by_size(setup(["--objective", "IWAE", "--objective.num_samples", "5"], 50_000, 10_000)) > mnist


@pytest.mark.parametrize(("epochs", "test", "draws"), [("1", 10_000, 100), ("100000", 10, 5000)])
def test_draws_have_bounds(epochs: str, test: int, draws: int) -> None:
    assert draws_by_size(setup(["--epochs", epochs, *SMALL], train=100, test=test)) == draws


def test_a_likelihood_that_is_no_estimate_takes_what_it_takes() -> None:
    """No density, and q(z|x) of one point: no draw is needed, and none is saved."""
    assert draws_by_size(setup(["--objective", "Autoencoder"], train=100, test=10_000)) == 5000
