"""All that training carries from one step to the next."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxvae.hidden import complete_columns
from jaxvae.keys import Purpose, key_for
from jaxvae.observation import Example
from jaxvae.training.mesh import check_mesh, cut_parameters
from jaxvae.training.training import Training
from jaxvae.typing import Array, Key, Params, PyTree


class TrainState(NamedTuple):
    """Everything that a later step needs: training is a function of only `(training, state, data)`."""

    key: Key
    """The key of the run; every other key is folded from it and the step or epoch."""
    step: Array
    """Steps taken, `[]` int32."""
    epoch: Array
    """Epochs finished, `[]` int32."""
    params: Params
    average: Params | None
    """Moving average of `params` that evaluation uses, or None."""
    optimizer_state: PyTree
    best_score: Array
    """Best validation score so far, `[]`; −inf while no score counts (warm-up)."""
    epochs_since_best: Array
    """Epochs since then, `[]` int32."""

    @property
    def evaluation_params(self) -> Params:
        """The parameters to evaluate: the moving average if there is one."""
        return self.params if self.average is None else self.average


def create_state(training: Training, key: Key, examples: Example | None, num_examples: int) -> TrainState:
    """The state before the first step.

    Args:
        training: the model and how to train it.
        key: the key of the run.
        examples: training examples without noise, `[n, *data_shape]`, for components that start from data:
            `training.preprocessing.expected(raw)`, not the stored levels themselves; or an `Observation` of them.
        num_examples: size of the training set; the length of the run depends on it.

    Raises:
        UserError: within a mesh whose axes are explicit.
    """
    training = training.for_examples(num_examples)
    check_mesh()
    init_key, run_key = jax.random.split(key)
    complete = complete_columns(examples)
    objective = training.objective.init(key_for(init_key, Purpose.OBJECTIVE), training.model, complete)
    params = {**training.model.init(init_key, examples), "objective": objective}
    training.check_frozen(params)
    state = TrainState(
        key=run_key,
        step=jnp.zeros((), jnp.int32),
        epoch=jnp.zeros((), jnp.int32),
        params=params,
        average=None if training.updates.ema_decay is None else params,
        optimizer_state=training.transformation(num_examples).init(params),
        best_score=jnp.asarray(-jnp.inf, jnp.float32),
        epochs_since_best=jnp.zeros((), jnp.int32),
    )
    return cut_parameters(state)
