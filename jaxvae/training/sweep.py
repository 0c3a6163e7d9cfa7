"""Many trainings of one structure as one compiled program: the usual epoch, vmapped over members."""

import dataclasses
import math
import time
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.hardware import compiler_options
from jaxvae.observation import Example, number_of
from jaxvae.pytrees import stack
from jaxvae.training.epoch import Batch, train_epoch, train_step, validate
from jaxvae.training.memory import available_memory
from jaxvae.training.state import TrainState
from jaxvae.training.training import Training
from jaxvae.typing import Array, Metrics

_SHARE_OF_MEMORY = 0.5  # share of the free memory: the estimate leaves out what the compiler adds


class Member(NamedTuple):
    """One training among many, between two epochs; all of them if stacked."""

    last: TrainState
    """The state after its last epoch."""
    best: TrainState
    """The state after the epoch with the best validation score."""
    is_finite: Array
    """Whether its loss and its validation scores are still finite, `[]` bool."""


class SweepEpoch(NamedTuple):
    """The result of one epoch of all members."""

    members: Member
    """Stacked, `[members, …]`."""
    train: dict[str, np.ndarray]
    """Means over the training examples, `[members]`."""
    validation: dict[str, np.ndarray]
    """Means over the validation examples, `[members]`."""
    is_training: np.ndarray
    """Which members continue, `[members]` bool: not those that finished, stopped early or diverged."""
    seconds: float
    """Duration of this epoch for all members together [s]."""


def fit_members(
    trainings: Sequence[Training], states: Sequence[TrainState], examples: Example, validation: Example
) -> Iterator[SweepEpoch]:
    """Train all members side by side until the last one has finished, yielding after each epoch.

    Every member trains as it would with `fit` alone: with its own noise and its own early stopping. A member that
    stops, or whose loss is no longer finite, does not change while the others continue. Nothing is compiled after the
    first epoch.

    Args:
        trainings: descriptions of one structure that differ only in numbers.
        states: the state from which each starts.
        examples: raw training data of all, `[n, *data_shape]`, or an `Observation` of them.
        validation: preprocessed validation data of all, `[m, *data_shape]`, or an `Observation` of them.

    Raises:
        ValueError: if two descriptions differ in structure.
    """
    described = [_whole_steps(training).for_examples(number_of(examples)) for training in trainings]
    training, start = stack(described), stack(states)
    members = Member(start, _again(start), jnp.ones(len(states), bool))
    is_training = np.ones(len(states), bool)
    while is_training.any():
        started = time.perf_counter()
        members, train, scores, goes_on = _advance_all()(training, members, examples, validation)
        is_training = np.asarray(goes_on)
        yield SweepEpoch(
            members,
            {name: np.asarray(values) for name, values in train.items()},
            {name: np.asarray(values) for name, values in scores.items()},
            is_training,
            time.perf_counter() - started,
        )


def _whole_steps(training: Training) -> Training:
    """The same training without parts by cache: the size for one member says little for many side by side."""
    return dataclasses.replace(training, accumulate=training.accumulate or 1)


def _goes_on(training: Training, member: Member) -> Array:
    """Whether another epoch of a member follows, `[]` bool."""
    state = member.last
    return member.is_finite & training.goes_on(state.epoch, state.epochs_since_best)


def _again(state: TrainState) -> TrainState:
    """The same state for one more use of its key, from which each function derives its own streams."""
    return state._replace(key=jax.random.clone(state.key))


def _advance(
    training: Training, member: Member, examples: Example, validation: Example
) -> tuple[Member, Metrics, Metrics, Array]:
    """One epoch of one member, or none."""
    state, train = train_epoch(training, _again(member.last), examples)
    state, scores = validate(training, _again(state), validation)
    is_finite = jnp.all(jnp.isfinite(jnp.stack([train["loss"], *scores.values()])))
    moves = _goes_on(training, member)
    improved = moves & is_finite & (state.epochs_since_best == 0)

    def choose(condition: Array, one: TrainState, other: TrainState) -> TrainState:
        return jax.tree.map(lambda new, old: jnp.where(condition, new, old), _again(one), _again(other))

    member = Member(
        last=choose(moves & is_finite, state, member.last),
        best=choose(improved, state, member.best),
        is_finite=member.is_finite & (is_finite | ~moves),
    )
    return member, train, scores, _goes_on(training, member)


@cache
def _advance_all() -> Any:
    """Compiled once for the folds of a sweep."""
    return jax.jit(jax.vmap(_advance, in_axes=(0, 0, None, None)), compiler_options=compiler_options())


def member_bytes(training: Training, state: TrainState, examples: Any) -> int:
    """An upper estimate of the memory of one member, before anything is compiled [bytes].

    It counts the states (last, best and new), and all values of one training step as if none were freed.
    """
    training = _whole_steps(training)
    batch = Batch(jnp.zeros(training.batch_size, jnp.int32), jnp.ones(training.batch_size, bool))
    traced = jax.make_jaxpr(train_step)(training, state, examples, batch)
    values = sum(_bytes(variable.aval) for equation in traced.eqns for variable in equation.outvars)
    return 3 * sum(_bytes(leaf) for leaf in jax.tree.leaves(state)) + values


def _bytes(value: Array) -> int:
    return math.prod(value.shape) * getattr(value.dtype, "itemsize", 4)


def members_at_once(training: Training, state: TrainState, examples: Any) -> int:
    """How many members of one program fit the memory, by the estimate; 0 if not one does."""
    available = available_memory()
    return 2**31 if available is None else int(_SHARE_OF_MEMORY * available / member_bytes(training, state, examples))
