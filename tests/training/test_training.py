"""The length of a run: what follows from the size of the data, and when a run ends."""

import dataclasses
import itertools
import math

import pytest

import jaxvae as jv
from jaxvae.objectives import BetaTCVAE
from jaxvae.training import Optimizer, fit
from jaxvae.training.training import epochs_by_size
from tests.training.conftest import NUM_TRAIN, Job, make_job


def test_steps_grow_with_the_root_of_the_data_and_the_digits_keep_200_epochs() -> None:
    assert epochs_by_size(1437) == 200
    steps = [epochs_by_size(count) * count for count in (5_000, 20_000, 80_000)]
    for fewer, more in itertools.pairwise(steps):
        assert more / fewer == pytest.approx(2.0, rel=0.02)  # of whole epochs
    every = [epochs_by_size(count) for count in (1, 20, 500, 60_000, 10**6, 10**9)]
    assert every == sorted(every, reverse=True)
    assert (every[0], every[-1]) == (1000, 10)


def test_what_is_open_becomes_numbers_once(job: Job) -> None:
    described = dataclasses.replace(job.training, epochs=None, patience=None, objective=BetaTCVAE())
    training = described.for_examples(5748)  # four times the digits
    assert (training.epochs, training.patience, training.objective) == (100, 20, BetaTCVAE(dataset_size=5748))
    assert training.for_examples(99) is training
    assert training.num_steps(5748) == 100 * math.ceil(5748 / described.batch_size)
    with pytest.raises(jv.UserError, match=r"Training.epochs must be a number here, got None.*for_examples"):
        described.num_steps(5748)


@pytest.mark.parametrize(
    ("epochs", "patience", "waited"), [(300, None, 60), (7, None, 10), (300, "never", "never"), (300, 3, 3)]
)
def test_patience_is_a_share_of_the_epochs_unless_it_is_given(
    job: Job, epochs: int, patience: int | None, waited: int | str
) -> None:
    training = dataclasses.replace(job.training, epochs=epochs, patience=patience).for_examples(NUM_TRAIN)
    assert (training.epochs, training.patience) == (epochs, waited)


@pytest.mark.slow
def test_by_default_a_run_that_gains_nothing_ends_and_one_that_never_stops_does_not() -> None:
    """Steps of nearly 0: the first epoch is the best, and ten more are waited for."""
    for patience, count in ((None, 11), ("never", 14)):
        job = make_job(epochs=14, patience=patience, optimizer=Optimizer(learning_rate=1e-30))
        epochs = list(fit(*job))
        assert [epoch.improved for epoch in epochs] == [True] + [False] * (count - 1)


def test_fit_takes_a_description_without_a_length() -> None:
    """A cosine spans the thousand epochs that follow from 23 examples."""
    cosine = Optimizer(learning_rate=1e-2, decay="cosine")
    found, stated, other = (next(fit(*make_job(epochs=epochs, optimizer=cosine))) for epochs in (None, 1000, 2))
    assert found.validation == stated.validation != other.validation


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"epochs": 0}, "Training.epochs must be >= 1, got 0"),
        ({"patience": 0}, "Training.patience must be >= 1, got 0"),
        ({"patience": "nevr"}, r"Training.patience must be one of never; got 'nevr' \(did you mean never"),
    ],
)
def test_bad_lengths(job: Job, fields: dict, message: str) -> None:
    with pytest.raises(jv.UserError, match=message):
        dataclasses.replace(job.training, **fields)
