"""Training: one description, one state, one compiled function an epoch."""

from jaxvae.training.epoch import example_keys, score_examples, shuffled_batches, train_epoch, train_step, validate
from jaxvae.training.fit import Epoch, fit
from jaxvae.training.optimizer import Optimizer
from jaxvae.training.state import TrainState, create_state
from jaxvae.training.sweep import SweepEpoch, fit_members, members_at_once
from jaxvae.training.training import Training

__all__ = [
    "Epoch",
    "Optimizer",
    "SweepEpoch",
    "TrainState",
    "Training",
    "create_state",
    "example_keys",
    "fit",
    "fit_members",
    "members_at_once",
    "score_examples",
    "shuffled_batches",
    "train_epoch",
    "train_step",
    "validate",
]
