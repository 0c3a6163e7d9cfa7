"""Streams of randomness of a run, a key each."""

import enum

import jax

from jaxvae.typing import Key


class Stream(enum.IntEnum):
    """The uses of randomness in a run; each has its own key."""

    TRAINING = 0
    EXAMPLES = 1
    """Preprocessing of the training examples for the baseline."""
    EVALUATION = 2
    SAMPLES = 3
    PICTURES = 4
    """Draws for pictures, if the posterior or the likelihood has no mean."""
    CODES = 5
    """Codes of training examples, to fit a density."""
    DIAGNOSTICS = 6
    GAPS = 7
    ANNEALING = 8
    GENERATED = 9
    """Generated examples, to compare with the test set."""
    NEIGHBOURS = 10
    """log p(x) of nearest neighbours."""
    AUTOENCODER = 11
    """The autoencoder whose codes the model's are compared with."""
    IMPUTATION = 12
    """Draws of hidden entries."""
    CLASSES = 13
    """Draws for log p(x|c) of every class."""


def stream_key(seed: int, stream: Stream) -> Key:
    """The key of one stream of a run."""
    return jax.random.fold_in(jax.random.key(seed), stream)
