"""The state before the first step of a run."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.data import Dataset, Split
from jaxvae.observation import Example, value_of, with_value
from jaxvae.runs.setup import Setup
from jaxvae.runs.streams import Stream, stream_key
from jaxvae.training import Training, TrainState, create_state
from jaxvae.typing import Key

EXAMPLES_FOR_INIT = 10_000  # largest number of training examples from which components start


@partial(jax.jit, static_argnames="num_examples")
def _create(training: Training, key: Key, raw: Example, num_examples: int) -> TrainState:
    examples = with_value(raw, training.preprocessing.expected(value_of(raw)))
    return create_state(training, key, examples, num_examples)


def first_state(setup: Setup, seed: int) -> TrainState:
    """The state before the first step of a run."""
    return create_run_state(setup.training, setup.dataset, seed, Stream.TRAINING)


def create_run_state(training: Training, dataset: Dataset, seed: int, stream: Stream) -> TrainState:
    """The state before the first step of a training on the data of a run, with one of its streams."""
    distinct = dataset.train.distinct
    order = np.random.default_rng(seed).permutation(len(distinct))  # files may be sorted by class
    examples = jax.tree.map(jnp.asarray, distinct.take(np.sort(order[:EXAMPLES_FOR_INIT])).examples())
    return _create(training, stream_key(seed, stream), examples, num_examples=len(dataset.train))


def state_shapes(setup: Setup) -> TrainState:
    """Shapes and types of the state of a run; nothing is compiled and nothing runs."""
    train = setup.dataset.train
    distinct = train.distinct
    for_init = _shapes(distinct.examples(_struct(distinct)), min(len(distinct), EXAMPLES_FOR_INIT))
    return jax.eval_shape(partial(_create, num_examples=len(train)), setup.training, jax.random.key(0), for_init)


def shapes_of(split: Split) -> Any:
    """Shapes and types of the examples of a split in training; nothing is read."""
    return _shapes(split.training_examples(_struct(split)), len(split))


def _struct(split: Split) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(split.values.shape, split.values.dtype)


def _shapes(examples: Any, count: int) -> Any:
    return jax.tree.map(lambda part: jax.ShapeDtypeStruct((count, *part.shape[1:]), part.dtype), examples)
