"""All that a run is made of."""

from typing import NamedTuple

import numpy as np

from jaxvae.data import Dataset
from jaxvae.runs.data_support import check_support
from jaxvae.runs.run_data import RunData
from jaxvae.training import Training


class Setup(NamedTuple):
    """All parts of a run, with options that depend on the training set as numbers."""

    dataset: Dataset
    training: Training
    notes: tuple[str, ...] = ()
    """Notes on how the data were read and what was found."""


def set_up(data: RunData, training: Training) -> Setup:
    """Check a training against its data, and put numbers in place of what follows from them.

    Raises:
        UserError: if the likelihood has no density for an example, or the objective cannot train such a run.

    >>> from jaxvae.runs.data_flags import DataFlags
    >>> from jaxvae.runs.run_data import prepare_data
    >>> from jaxvae.vae import VAE
    >>> data = prepare_data(DataFlags("digits"))
    >>> model = VAE(data.dataset.data_shape, latent_dim=2, likelihood=data.likelihood)
    >>> set_up(data, Training(model, data.preprocessing)).training.epochs
    200
    """
    train = data.dataset.train
    model = training.model
    check_support(model.likelihood, training.preprocessing, data.dataset)
    for part in data.dataset.splits.values():
        if part.observed is not None:
            model.likelihood.check_observed(model, part.observed)
        if part.known_labels is not None and hasattr(model, "posterior"):
            model.posterior.with_label(int(np.max(part.known_labels)))  # which refuses a class that z does not have
    training = training.for_examples(len(train))
    training.objective.check_run(training.num_steps(len(train)), training.preprocessing.data_range(train.values))
    return Setup(data.dataset, training, data.notes)
