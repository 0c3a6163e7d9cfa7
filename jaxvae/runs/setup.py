"""All that a run is made of."""

from typing import Any, NamedTuple

import numpy as np

from jaxvae.data import Dataset
from jaxvae.errors import UserError
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
            _check_classes(model, int(np.max(part.known_labels)))
    training = training.for_examples(len(train))
    training.objective.check_run(training.num_steps(len(train)), training.preprocessing.data_range(train.values))
    return Setup(data.dataset, training, data.notes)


def _check_classes(model: Any, largest: int) -> None:
    """Check that known labels are classes of z.

    Raises:
        UserError: naming the numbers of classes to change, or from a posterior without classes.
    """
    known = getattr(model.posterior, "num_classes", None)
    if known is not None and largest >= known:
        parts = [name for name in ("posterior", "prior") if hasattr(getattr(model, name), "num_classes")]
        fix = " and ".join(f"`{name}.num_classes={largest + 1}`" for name in parts)
        raise UserError(f"labels must be of the {known} classes of z, 0 to {known - 1}, got {largest}: take {fix}")
    model.posterior.with_label(largest)
