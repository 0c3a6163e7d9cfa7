"""The loop over epochs on the host; training is compiled only here."""

import math
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax

from jaxvae.data.records import Records
from jaxvae.errors import UserError
from jaxvae.hardware import compiled
from jaxvae.observation import Example, number_of, value_of
from jaxvae.training.epoch import train_epoch, validate
from jaxvae.training.memory import check_memory
from jaxvae.training.mesh import on_every_device
from jaxvae.training.state import TrainState
from jaxvae.training.stream import stream
from jaxvae.training.training import Training
from jaxvae.typing import Metrics


class Epoch(NamedTuple):
    """The result of one epoch."""

    state: TrainState
    train: dict[str, float]
    """Means over the training examples while they were visited."""
    validation: dict[str, float]
    """Means over the validation examples after the epoch."""
    improved: bool
    """Whether this is the best state so far."""
    seconds: float
    """Duration of this epoch [s]."""


def fit(
    training: Training,
    state: TrainState,
    examples: Any,
    validation: Example,
    during: Callable[[TrainState], None] = lambda state: None,
) -> Iterator[Epoch]:
    """Train to the last epoch or until early stopping, yielding after each epoch.

    Nothing is compiled after the first epoch. A state from the middle of a training continues as if it had not stopped.

    Args:
        training: the model and how to train it.
        state: the state to start from.
        examples: raw training data, `[n, *data_shape]`, in memory or on disk, or an `Observation` of them.
        validation: `training.preprocessing.for_evaluation(raw, "validation")`, `[m, *data_shape]`, or an `Observation`
            of them.
        during: called at times within an epoch of data on disk, with a state from which training can continue.

    Raises:
        UserError: if the programs do not fit the memory, or the loss is no longer finite.
    """
    training = on_every_device(training.for_examples(number_of(examples)))
    if isinstance(value_of(examples), Records):
        visit = stream(training, state, examples, during)
    else:
        visit = _compile(training, state, examples)
    compiled_validate = compiled(jax.jit(validate), training, state, validation)
    check_memory(compiled_validate, "validation")
    epoch, since_best = jax.device_get((state.epoch, state.epochs_since_best))
    while training.goes_on(epoch, since_best):
        start = time.perf_counter()
        state, train_metrics = visit(state)
        state, validation_metrics = compiled_validate(training, state, validation)
        # the only time in an epoch that anything moves to the host
        metrics, scores, epoch, since_best = jax.device_get(
            (train_metrics, validation_metrics, state.epoch, state.epochs_since_best)
        )
        train = {name: float(value) for name, value in metrics.items()}
        validation_scores = {name: float(value) for name, value in scores.items()}
        for name, value in {"training loss": train["loss"], **validation_scores}.items():
            if not math.isfinite(value):
                own = "the learning rate in your optimizer, clip gradients there"
                slower = own if training.updates.is_own else "`learning_rate`, set `gradient_clip=1`"
                raise UserError(
                    f"the {name} must stay finite, got {value} in epoch {epoch}: lower {slower}, or check the data's "
                    f"range; earlier checkpoints are kept"
                )
        yield Epoch(
            state=state,
            train=train,
            validation=validation_scores,
            improved=bool(since_best == 0),
            seconds=time.perf_counter() - start,
        )


def _compile(
    training: Training, state: TrainState, examples: Example
) -> Callable[[TrainState], tuple[TrainState, Metrics]]:
    """The epoch in memory, as one program."""
    program = compiled(jax.jit(train_epoch), training, state, examples)
    check_memory(program, "a training step")
    return lambda state: program(training, state, examples)
