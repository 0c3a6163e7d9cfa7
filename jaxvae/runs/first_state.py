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
    count = len(dataset.train)
    chosen = np.random.default_rng(seed).permutation(count)[:EXAMPLES_FOR_INIT]  # files may be sorted by class
    examples = jax.tree.map(jnp.asarray, dataset.train.take(np.sort(chosen)).examples())
    return _create(training, stream_key(seed, stream), examples, num_examples=count)


def state_shapes(setup: Setup) -> TrainState:
    """Shapes and types of the state of a run; nothing is compiled and nothing runs."""
    train = setup.dataset.train
    for_init = shapes_of(train, min(len(train), EXAMPLES_FOR_INIT))
    return jax.eval_shape(partial(_create, num_examples=len(train)), setup.training, jax.random.key(0), for_init)


def shapes_of(split: Split, count: int | None = None) -> Any:
    """Shapes and types of the examples of a split, or of `count` of them; nothing is read."""
    parts = split.examples(jax.ShapeDtypeStruct(split.values.shape, split.values.dtype))

    def shape(part: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((len(split) if count is None else count, *part.shape[1:]), part.dtype)

    return jax.tree.map(shape, parts)
