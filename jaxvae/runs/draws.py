"""The number of draws for the final log p(x), by sizes and never by a clock."""

import jax
import jax.numpy as jnp

from jaxvae.evaluation import importance_estimate
from jaxvae.evaluation.likelihood import CHUNK
from jaxvae.objectives import WithoutDensity
from jaxvae.observation import Example
from jaxvae.operations import count_operations
from jaxvae.runs.first_state import shapes_of, state_shapes
from jaxvae.runs.setup import Setup
from jaxvae.training import train_epoch
from jaxvae.typing import Array, Key, Params

MOST_DRAWS = 5000  # the usual number in papers
_NUMBERS = (100, 200, 500, 1000, 2000, MOST_DRAWS)
_SHARE = 0.7  # of the operations of training


def draws_by_size(setup: Setup) -> int:
    """K, for which the final log p(x) takes at most 70 % of the operations of the training [draws].

    K · test examples · operations of a draw ≤ 0.7 · epochs · operations of an epoch: the largest of 100, 200, 500, …,
    5,000 that fits, and 100 if none does. Operations are counted in the traced functions (`count_operations`),
    never timed. If log p(x) takes no draws (no density, or q(z|x) is one point), it is 5,000.
    """
    training, dataset = setup.training, setup.dataset
    if isinstance(training.objective, WithoutDensity) or training.model.latent_space.is_of_points:
        return MOST_DRAWS
    state, raw = state_shapes(setup), shapes_of(dataset.train)
    # the same trace as training compiles
    epoch = count_operations(jax.jit(train_epoch).trace(training, state, raw).jaxpr)

    def estimate(params: Params, key: Key, example: Example) -> Array:
        model, x = training.model.given(example)
        posterior = training.objective.infer(model, params, key, x)
        return importance_estimate(model, params, key, x, CHUNK, posterior).log_marginal

    whole = dataset.test.examples(jax.ShapeDtypeStruct(dataset.test.values.shape, jnp.float32))
    x = jax.tree.map(lambda part: jax.ShapeDtypeStruct(part.shape[1:], part.dtype), whole)
    draw = count_operations(jax.make_jaxpr(estimate)(state.evaluation_params, state.key, x)) / CHUNK
    affordable = _SHARE * training.num_epochs * epoch / (len(dataset.test) * draw)
    return max((number for number in _NUMBERS if number <= affordable), default=_NUMBERS[0])
