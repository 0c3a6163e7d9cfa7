"""The state before the first step of a run."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.data import Dataset
from jaxvae.runs.setup import Setup
from jaxvae.runs.streams import Stream, stream_key
from jaxvae.training import Training, TrainState, create_state
from jaxvae.typing import Array, Key

EXAMPLES_FOR_INIT = 10_000  # largest number of training examples from which components start


@partial(jax.jit, static_argnames="num_examples")
def _create(training: Training, key: Key, raw: Array, num_examples: int) -> TrainState:
    return create_state(training, key, training.preprocessing.expected(raw), num_examples)


def first_state(setup: Setup, seed: int) -> TrainState:
    """The state before the first step of a run."""
    return create_run_state(setup.training, setup.dataset, seed, Stream.TRAINING)


def create_run_state(training: Training, dataset: Dataset, seed: int, stream: Stream) -> TrainState:
    """The state before the first step of a training on the data of a run, with one of its streams."""
    images = dataset.train.images
    chosen = np.random.default_rng(seed).permutation(len(images))[:EXAMPLES_FOR_INIT]  # files may be sorted by class
    examples = jnp.asarray(images[np.sort(chosen)])
    return _create(training, stream_key(seed, stream), examples, num_examples=len(images))


def state_shapes(setup: Setup) -> TrainState:
    """Shapes and types of the state of a run; nothing is compiled and nothing runs."""
    images = setup.dataset.train.images
    for_init = jax.ShapeDtypeStruct((min(len(images), EXAMPLES_FOR_INIT), *images.shape[1:]), images.dtype)
    return jax.eval_shape(partial(_create, num_examples=len(images)), setup.training, jax.random.key(0), for_init)
