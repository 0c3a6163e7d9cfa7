"""An epoch of examples that stay on disk: the steps of an epoch in memory, each with a batch that was read ahead."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.data.records import Records
from jaxvae.training.epoch import epoch_batches, step_keys, take_step
from jaxvae.training.memory import check_memory
from jaxvae.training.mesh import place_rows, rows_here
from jaxvae.training.state import TrainState
from jaxvae.training.training import Training
from jaxvae.typing import Array, Metrics

STEPS_BETWEEN_CALLS = 50  # of `during`


def streamed_step(
    training: Training, state: TrainState, raw: Array, mask: Array, sums: Metrics, num_examples: int
) -> tuple[TrainState, Metrics]:
    """One step on examples at hand; adds its metrics, times the examples that count, to `sums`."""
    noise = step_keys(state.key, state.step, len(mask))
    start = state._replace(key=jax.random.clone(state.key))
    state, metrics = take_step(training, start, raw, mask, noise, num_examples)
    count = jnp.sum(mask).astype(float)
    return state, {name: sums[name] + count * value for name, value in metrics.items()}


def stream(
    training: Training, state: TrainState, records: Records, during: Callable[[TrainState], None]
) -> Callable[[TrainState], tuple[TrainState, Metrics]]:
    """Compile the step, and return a function that visits every training example once.

    The order, the noise and so the result are those of `train_epoch`. A state out of the middle of an epoch goes on
    where it stands, and its metrics are means over the rest. Of several processes each reads the rows of its own
    devices and no others.

    Args:
        training: what is trained and how.
        state: of the shapes that will come.
        records: the training examples.
        during: called with the state every `STEPS_BETWEEN_CALLS` steps within an epoch.

    Raises:
        UserError: if a step does not fit the memory.
    """
    count, batch_size = len(records), training.batch_size
    here = rows_here(batch_size)
    raw = place_rows(np.zeros((len(here), *records.shape[1:]), records.dtype), batch_size)
    mask = place_rows(np.ones(len(here), bool), batch_size)
    step = jax.jit(streamed_step, static_argnums=5)
    noise = jax.eval_shape(lambda: step_keys(jax.random.key(0), jnp.zeros((), jnp.int32), batch_size))
    metrics = jax.eval_shape(partial(take_step, num_examples=count), training, state, raw, mask, noise)[1]
    nothing: Metrics = {name: jnp.zeros(value.shape, value.dtype) for name, value in metrics.items()}
    compiled = step.lower(training, state, raw, mask, nothing, count).compile()
    check_memory(compiled, "a training step")
    order = jax.jit(epoch_batches, static_argnums=(1, 2))

    def epoch(state: TrainState) -> tuple[TrainState, Metrics]:
        batches = jax.device_get(order(state, count, batch_size))
        first = int(state.step) - int(state.epoch) * len(batches.indices)
        masks, sums = batches.mask[:, here], nothing
        read = records.batches(batches.indices[:, here], first)
        for number, rows in enumerate(read, first):
            local = place_rows(rows, batch_size), place_rows(masks[number], batch_size)
            state, sums = compiled(training, state, *local, sums)
            if (number + 1) % STEPS_BETWEEN_CALLS == 0 and number + 1 < len(masks):
                during(state)
        seen = float(batches.mask[first:].sum())
        return state._replace(epoch=state.epoch + 1), {name: value / seen for name, value in sums.items()}

    return epoch
