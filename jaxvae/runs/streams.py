"""Streams of randomness of a run, a key each."""

import enum

import jax

from jaxvae.typing import Key


class Stream(enum.IntEnum):
    """What the randomness of a run is spent on; each has a key of its own."""

    TRAINING = 0
    EXAMPLES = 1
    """Preprocessing of the training examples that the baseline is fitted to."""
    EVALUATION = 2
    SAMPLES = 3
    PICTURES = 4
    """Draws for pictures, where the posterior or the likelihood has no mean to show."""
    CODES = 5
    """Codes of training examples that a density is fitted to."""
    DIAGNOSTICS = 6
    GAPS = 7
    ANNEALING = 8
    GENERATED = 9
    """Examples that are compared with the test set."""
    NEIGHBOURS = 10
    """log p(x) of nearest neighbours."""
    AUTOENCODER = 11
    """The autoencoder whose codes the model's are compared with."""


def stream_key(seed: int, stream: Stream) -> Key:
    """The key of one stream of a run."""
    return jax.random.fold_in(jax.random.key(seed), stream)
