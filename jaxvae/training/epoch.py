"""One epoch of training and one pass over the validation data, as pure functions to compile or vmap."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxvae.errors import UserError
from jaxvae.fast import fitting_parts
from jaxvae.keys import same_draws
from jaxvae.model import Model
from jaxvae.objectives import Objective
from jaxvae.observation import Example, number_of, rows_of, value_of, with_value
from jaxvae.training.mesh import cut_parameters, over_devices
from jaxvae.training.optimizer import with_fixed_of
from jaxvae.training.state import TrainState
from jaxvae.training.training import Training
from jaxvae.typing import Array, Key, Metrics, Params, PyTree

SCORED_AT_ONCE = 500  # validation examples in one vmap: enough to keep a processor busy
_SHUFFLE, _STEP, _VALIDATE = range(3)  # streams of keys folded from the key of the run


class Batch(NamedTuple):
    """The examples of a step."""

    indices: Array
    """Rows of the training data, `[batch]` int32."""
    mask: Array
    """Which of them count, `[batch]` bool; the others are padding."""


def shuffled_batches(key: Key, num_examples: int, batch_size: int) -> Batch:
    """Every example once in random order, the last batch padded: arrays `[steps, batch]`."""
    order = jax.random.permutation(key, num_examples)
    padding = -num_examples % batch_size
    indices = jnp.pad(order, (0, padding)).reshape(-1, batch_size)
    mask = (jnp.arange(num_examples + padding) < num_examples).reshape(-1, batch_size)
    return Batch(indices, mask)


def example_keys(key: Key, count: int) -> Key:
    """One key for each of `count` examples; the first ones do not depend on `count`."""
    return jax.vmap(lambda index: jax.random.fold_in(key, index))(jnp.arange(count))


class StepKeys(NamedTuple):
    """The keys of one step."""

    data: Key
    """The key for preprocessing."""
    shared: Key
    """The key for noise that all examples share."""
    examples: Key
    """One key for each example, `[batch]`."""


def step_keys(key: Key, step: Array, batch_size: int) -> StepKeys:
    """All noise of a step: a function of the run's key and the step number."""
    data_key, model_key, shared_key = jax.random.split(jax.random.fold_in(jax.random.fold_in(key, _STEP), step), 3)
    return StepKeys(data_key, shared_key, example_keys(model_key, batch_size))


class NoiseOfSteps(NamedTuple):
    """The keys of the steps to come, as words that a loop can index.

    All are derived before the loop: for one step they take hundreds of operations on a few numbers each.
    """

    words: PyTree
    """The words of `StepKeys`, each with a leading axis `[steps]`."""

    @classmethod
    def of(cls, state: TrainState, steps: int, batch_size: int) -> "NoiseOfSteps":
        """The keys of the next steps after a state."""
        numbers = state.step + jnp.arange(steps)
        keys = jax.vmap(partial(step_keys, state.key, batch_size=batch_size))(numbers)
        return cls(jax.tree.map(jax.random.key_data, keys))

    def keys(self, state: TrainState) -> StepKeys:
        """The keys in the form that the state has."""
        wrap = partial(jax.random.wrap_key_data, impl=jax.random.key_impl(state.key))
        return jax.tree.map(wrap, self.words)


def train_step(training: Training, state: TrainState, examples: Example, batch: Batch) -> tuple[TrainState, Metrics]:
    """One gradient step; all noise derives from the run's key and the step number."""
    noise = step_keys(state.key, state.step, len(batch.indices))
    return take_step(training, state, _rows(examples, batch), batch.mask, noise, number_of(examples))


def _rows(examples: Example, batch: Batch) -> Example:
    return over_devices(rows_of(examples, over_devices(batch.indices)))


def take_step(
    training: Training, state: TrainState, raw: Example, mask: Array, noise: StepKeys, num_examples: int
) -> tuple[TrainState, Metrics]:
    """One gradient step on the raw examples of a batch that `mask` keeps; the data have `num_examples`."""
    training = training.for_examples(num_examples)
    model, objective = training.model.at_step(state.step).for_training(noise.shared), training.objective
    x = with_value(raw, training.preprocessing(noise.data, value_of(raw)))
    keys = noise.examples

    def loss(params: Params, keys: Key, x: Example, mask: Array) -> tuple[Array, Metrics]:
        return objective.loss(model, params, *over_devices((keys, x, mask)), state.step)

    count = training.accumulate
    if count is None:
        count = fitting_parts(loss, state.params, (keys, x, mask)) if training.has_parts else 1
    gradients, metrics = _over_parts(jax.grad(loss, has_aux=True), state.params, (keys, x, mask), count)
    gradients = _without(training.freeze, gradients)
    transformation = training.transformation(num_examples)
    updates, optimizer_state = transformation.update(gradients, state.optimizer_state, state.params)  # type: ignore[arg-type]
    updates = _without(training.freeze, _moving(objective, state, updates))
    params = optax.apply_updates(state.params, updates)  # type: ignore[arg-type]
    moved = objective.update(model, state.params, same_draws(keys), x, mask, state.step)
    params = with_fixed_of(params, {**moved, **{name: state.params[name] for name in training.freeze}})
    average = training.updates.update_average(state.average, params, state.step)
    if average is not None:  # rounding would change frozen parameters
        average = {**average, **{name: params[name] for name in training.freeze}}
    state = state._replace(
        step=state.step + 1,
        params=params,
        average=average,
        optimizer_state=optimizer_state,
    )
    return cut_parameters(state), metrics


def _over_parts(
    gradient: Callable[..., tuple[PyTree, Metrics]], params: Params, arguments: PyTree, count: int
) -> tuple[PyTree, Metrics]:
    """The gradient and the metrics of a batch by parts: Σ_j (n_j / n) times part j, where n_j examples count."""
    if count == 1:
        return gradient(params, *arguments)
    parts = jax.tree.map(lambda leaf: leaf.reshape(count, -1, *leaf.shape[1:]), arguments)
    counts = jnp.sum(parts[-1], axis=1).astype(float)

    def add(total: PyTree, part: PyTree) -> tuple[PyTree, None]:
        (keys, x, mask), share = part
        of_part = gradient(params, keys, x, mask)
        return jax.tree.map(lambda one, other: one + share * other, total, of_part), None

    one_part = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), parts)
    shapes = jax.eval_shape(gradient, params, *one_part)
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    shares = counts / jnp.maximum(jnp.sum(counts), 1.0)
    return jax.lax.scan(add, zeros, (parts, shares))[0]


def _without(frozen: tuple[str, ...], updates: Any) -> Any:
    """The gradients, 0 for the frozen parts."""
    return updates | {name: jax.tree.map(jnp.zeros_like, updates[name]) for name in frozen}


def _moving(objective: Objective, state: TrainState, updates: Any) -> PyTree:
    """The updates, 0 for components that the objective does not move in this step."""

    def of(name: str) -> PyTree:
        moves = objective.moves(state.params, name, state.step)
        return jax.tree.map(lambda leaf: jnp.where(moves, leaf, jnp.zeros_like(leaf)), updates[name])

    return {name: of(name) for name in updates}


def epoch_batches(state: TrainState, num_examples: int, batch_size: int) -> Batch:
    """The batches of the epoch that a state is in, `[steps, batch]`."""
    key = jax.random.fold_in(jax.random.fold_in(state.key, _SHUFFLE), state.epoch)
    return shuffled_batches(key, num_examples, batch_size)


def train_epoch(training: Training, state: TrainState, examples: Example) -> tuple[TrainState, Metrics]:
    """Visit every training example once.

    Args:
        training: the model and how to train it.
        state: before the epoch.
        examples: raw training data, `[n, *data_shape]`, or an `Observation` of them.

    Returns:
        The state after the epoch, and the metrics as means over all examples.
    """
    count = number_of(examples)
    batches = epoch_batches(state, count, training.batch_size)
    noise = NoiseOfSteps.of(state, len(batches.indices), training.batch_size)

    def step(state: TrainState, each: tuple[Batch, NoiseOfSteps]) -> tuple[TrainState, Metrics]:
        batch, noise = each
        return take_step(training, state, _rows(examples, batch), batch.mask, noise.keys(state), count)

    start = state._replace(key=jax.random.clone(state.key))
    state, metrics = jax.lax.scan(step, start, (batches, noise))
    counts = jnp.sum(batches.mask, axis=1).astype(float)  # [steps]
    means = {name: jnp.sum(counts * values) / count for name, values in metrics.items()}
    # again, since the compiler may place the results of a loop elsewhere, and the next epoch is compiled already
    return cut_parameters(state._replace(epoch=state.epoch + 1)), means


def score_examples(
    model: Model, objective: Objective, params: Params, key: Key, x: Example, batch_size: int = SCORED_AT_ONCE
) -> Metrics:
    """The objective's validation scores of each example, `[n, …]`; the noise does not depend on `batch_size`."""
    count = number_of(x)
    at_once = min(batch_size, count)
    padding = -count % at_once

    def in_parts(rows: Array) -> Array:
        padded = jnp.pad(rows, ((0, padding), *[(0, 0)] * (rows.ndim - 1)))
        return padded.reshape(-1, at_once, *rows.shape[1:])

    def score(index: Array, example: Example) -> Metrics:
        given, x = model.given(example)
        return objective.score(given, params, jax.random.fold_in(key, index), x)

    def score_part(part: tuple[Array, Example]) -> Metrics:
        return jax.vmap(score)(*over_devices(part))

    scores = jax.lax.map(score_part, jax.tree.map(in_parts, (jnp.arange(count), x)))
    return jax.tree.map(lambda values: values.reshape(-1, *values.shape[2:])[:count], scores)


def validate(training: Training, state: TrainState, x: Example) -> tuple[TrainState, Metrics]:
    """Score the validation data with the same noise in every epoch, and record whether it is the best score so far.

    Scores count from the end of the objective's warm-up on; before that, every epoch counts as the best.

    Args:
        training: the model and how to train it.
        state: after an epoch.
        x: preprocessed validation data, `[n, *data_shape]`, or an `Observation` of them.

    Returns:
        The state with `best_score` and `epochs_since_best`, and the scores as means over all examples.
    """
    key = jax.random.fold_in(state.key, _VALIDATE)
    objective, params = training.objective, state.evaluation_params
    scores = score_examples(training.model.at_step(state.step), objective, params, key, x)
    means = objective.summary({name: jnp.mean(values, axis=0) for name, values in scores.items()})
    if objective.monitor not in means:
        raise UserError(
            f"{type(objective).__name__}.monitor must name a figure of its score or summary ({', '.join(means)}), got "
            f"{objective.monitor!r}: set monitor to one of them"
        )
    score = means[objective.monitor]
    counts = state.step >= objective.warmup_steps
    improved = ~counts | (score > state.best_score)
    state = state._replace(
        best_score=jnp.where(counts, jnp.where(improved, score, state.best_score), -jnp.inf),
        epochs_since_best=jnp.where(improved, 0, state.epochs_since_best + 1),
    )
    return state, means
