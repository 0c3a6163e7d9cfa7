"""An epoch of examples that stay on disk: the same steps as in memory, on batches that are read ahead."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.hardware import compiled
from jaxvae.observation import Example, rows_of, value_of, with_value
from jaxvae.training.epoch import NoiseOfSteps, epoch_batches, step_keys, take_step
from jaxvae.training.memory import check_memory
from jaxvae.training.mesh import cut_parameters, place_batches, rows_here
from jaxvae.training.state import TrainState
from jaxvae.training.training import Training
from jaxvae.typing import Array, Metrics

STEPS_AT_ONCE = 10  # of one call of the compiled program: enough to make the cost of a call small
_BYTES_AT_ONCE = 2**26  # of their examples: large ones have fewer steps in a call, so that reading ahead stays small
_CALLS_AHEAD = 2  # the most calls that may wait
STEPS_BETWEEN_CALLS = 50  # of `during`, at least


def streamed_steps(
    training: Training, state: TrainState, raw: Example, masks: Array, steps: Array, sums: Metrics, num_examples: int
) -> tuple[TrainState, Metrics]:
    """The first `steps` of the batches `[at once, batch, …]`; adds to `sums` each metric times the examples it counts.

    It is a loop even for one step: a compiler may make the same step slower outside of a loop.
    """
    noise = NoiseOfSteps.of(state, *masks.shape)

    def step(index: Array, carry: tuple[TrainState, Metrics]) -> tuple[TrainState, Metrics]:
        state, sums = carry
        now: NoiseOfSteps = jax.tree.map(lambda words: words[index], noise)
        state, metrics = take_step(training, state, rows_of(raw, index), masks[index], now.keys(state), num_examples)
        count = jnp.sum(masks[index]).astype(float)
        return state, {name: sums[name] + count * value for name, value in metrics.items()}

    start = state._replace(key=jax.random.clone(state.key))
    state, sums = jax.lax.fori_loop(0, steps, step, (start, sums))
    return cut_parameters(state), sums  # once more: see `train_epoch`


def stream(
    training: Training, state: TrainState, examples: Any, during: Callable[[TrainState], None]
) -> Callable[[TrainState], tuple[TrainState, Metrics]]:
    """Compile the steps of one call, and return a function that visits every training example once.

    The order, the noise and therefore the result are those of `train_epoch`. A state from the middle of an epoch
    continues there, and its metrics are means over the rest. Each of several processes reads only the rows of its own
    devices.

    Args:
        training: the model and how to train it.
        state: a state of the right shapes.
        examples: the training examples, `Records`, or an `Observation` whose value they are.
        during: called with the state within an epoch, after `STEPS_BETWEEN_CALLS` steps or more.

    Raises:
        UserError: if the steps do not fit the memory.
    """
    records, others = value_of(examples), with_value(examples, None)  # what is known of them besides is in memory
    count, batch_size = len(records), training.batch_size
    here = rows_here(batch_size)
    bytes_of_step = batch_size * int(np.prod(records.shape[1:])) * records.dtype.itemsize
    at_once = min(STEPS_AT_ONCE, STEPS_BETWEEN_CALLS, -(-count // batch_size), max(_BYTES_AT_ONCE // bytes_of_step, 1))

    def placed(values: np.ndarray) -> Array:
        padding = [(0, at_once - len(values)), *[(0, 0)] * (values.ndim - 1)]
        return place_batches(np.pad(values, padding) if padding[0][1] else values, batch_size)

    def with_others(rows: np.ndarray, indices: np.ndarray) -> Example:
        return with_value(jax.tree.map(lambda leaf: placed(np.asarray(leaf)[indices]), others), placed(rows))

    nobody = np.zeros((0, len(here)), int)
    raw = with_others(np.zeros((*nobody.shape, *records.shape[1:]), records.dtype), nobody)
    masks = placed(np.zeros((0, len(here)), bool))
    noise = jax.eval_shape(lambda: step_keys(jax.random.key(0), jnp.zeros((), jnp.int32), batch_size))
    one_step = partial(take_step, num_examples=count)
    metrics = jax.eval_shape(one_step, training, state, rows_of(raw, 0), masks[0], noise)[1]
    nothing: Metrics = {name: jnp.zeros(value.shape, value.dtype) for name, value in metrics.items()}
    steps = jax.jit(streamed_steps, static_argnums=6)
    program = compiled(steps, training, state, raw, masks, np.int32(0), nothing, count)
    check_memory(program, "a training step")
    order = jax.jit(epoch_batches, static_argnums=(1, 2))

    def epoch(state: TrainState) -> tuple[TrainState, Metrics]:
        batches = jax.device_get(order(state, count, batch_size))
        first = called = int(state.step) - int(state.epoch) * len(batches.indices)
        starts = range(first, len(batches.indices), at_once)
        read = records.read_ahead([batches.indices[start : start + at_once, here] for start in starts])
        sums, waiting = nothing, deque[Metrics]()
        for start, rows in zip(starts, read, strict=True):
            done = start + len(rows)
            read_rows = with_others(rows, batches.indices[start:done, here])
            local = read_rows, placed(batches.mask[start:done, here]), np.int32(len(rows))
            state, sums = program(training, state, *local, sums)
            waiting.append(sums)
            if len(waiting) > _CALLS_AHEAD:  # each waiting call holds its examples
                jax.block_until_ready(waiting.popleft())
            if done - called >= STEPS_BETWEEN_CALLS and done < len(batches.indices):
                called = done
                during(state)
        seen = float(batches.mask[first:].sum())
        return state._replace(epoch=state.epoch + 1), {name: value / seen for name, value in sums.items()}

    return epoch
