"""Every objective of the table: padding and the split of a batch do not count, nothing compiles twice."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxvae.objectives import Objective
from tests.components import ITS_POSTERIOR, OBJECTIVES, OVER_THE_BATCH
from tests.helpers import assert_finite, assert_trees_close, binary_batch, counting, index, init, keys, tiny_vae
from tests.sizes import BATCH, DATA_SHAPE

PADDING = 3
STEP = jnp.asarray(4)
EVERYTHING = np.ones(BATCH, bool)


class Case:
    """One objective, and its loss, metrics and gradient on 5 examples, compiled once for each batch size."""

    def __init__(self, name: str) -> None:
        self.build: Callable[[], Objective] = OBJECTIVES[name]
        self.vae = tiny_vae(posterior=ITS_POSTERIOR[name]()) if name in ITS_POSTERIOR else tiny_vae()
        self.params = init(self.vae, jax.random.key(0))
        own = self.build().init(jax.random.key(9), self.vae, binary_batch(batch=9))
        self.params = {**self.params, "objective": own}
        self.xs = binary_batch()

        def loss(params: Any, objective: Objective, *batch: Any) -> Any:
            return objective.loss(self.vae, params, *batch)

        self.compiled, self.traces = counting(jax.value_and_grad(loss, has_aux=True))
        self.whole = self.loss(keys(1, BATCH), self.xs, EVERYTHING)

    def loss(self, *batch: Any) -> Any:
        """`((loss, metrics), gradient)`."""
        return self.compiled(self.params, self.build(), *batch, STEP)


@functools.cache
def case_of(name: str) -> Case:
    return Case(name)


@pytest.fixture(params=OBJECTIVES)
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param)


@pytest.mark.fast_rows(2)
def test_loss_and_metrics_are_finite_numbers(case: Case) -> None:
    (loss, metrics), gradient = case.whole
    assert loss.shape == ()
    assert metrics["loss"] == loss
    assert all(metric.shape == () and metric.dtype == jnp.float32 for metric in metrics.values())
    assert_finite(case.whole)
    for path, leaf in jax.tree_util.tree_leaves_with_path(gradient):
        assert np.any(leaf != 0) != ("fixed" in jax.tree_util.keystr(path)), jax.tree_util.keystr(path)


def test_an_objective_built_again_does_not_compile_again(case: Case) -> None:
    assert_trees_close(case.loss(keys(1, BATCH), case.xs, EVERYTHING), case.whole, rtol=0, atol=0)
    assert len(case.traces) == 1


@pytest.mark.fast_rows(2)
def test_padding_changes_neither_loss_nor_metrics_nor_gradient(case: Case) -> None:
    """Junk in the padding, in the middle and at the end; 5 of 8 examples count."""
    where = np.array([0, 1, 3, 4, 6])
    mask = np.isin(np.arange(BATCH + PADDING), where)
    xs = np.full((BATCH + PADDING, *DATA_SHAPE), 1e3, np.float32)
    xs[where] = case.xs
    shuffled = np.zeros(BATCH + PADDING, int)
    shuffled[where] = np.arange(BATCH)  # the same key for the same example, key 0 for padding
    assert_trees_close(case.loss(keys(1, BATCH)[shuffled], jnp.asarray(xs), mask), case.whole)


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize("name", sorted(set(OBJECTIVES) - OVER_THE_BATCH))
def test_a_batch_is_the_weighted_mean_of_its_parts(name: str) -> None:
    """2 and 3 of 5 examples: a last batch that is short has no more say than its examples."""
    case = case_of(name)
    first = case.loss(keys(1, BATCH)[:2], case.xs[:2], EVERYTHING[:2])
    second = case.loss(keys(1, BATCH)[2:], case.xs[2:], EVERYTHING[2:])
    assert_trees_close(jax.tree.map(lambda a, b: 0.4 * a + 0.6 * b, first, second), case.whole)


def test_a_batch_of_padding_alone_is_zero(case: Case) -> None:
    (loss, _), gradient = case.loss(keys(1, BATCH), case.xs, ~EVERYTHING)
    for leaf in jax.tree.leaves((loss, gradient)):
        np.testing.assert_array_equal(leaf, np.zeros(leaf.shape))


@pytest.mark.fast_rows(2)
def test_score_of_one_example_has_what_validation_watches(case: Case) -> None:
    objective = case.build()
    score = jax.jit(jax.vmap(objective.score, (None, None, 0, 0)))(case.vae, case.params, keys(1, BATCH), case.xs)
    summary = objective.summary(jax.tree.map(lambda values: jnp.mean(values, axis=0), score))
    assert objective.monitor in summary
    assert objective.monitor in case.whole[0][1]  # shown of training and validation side by side
    assert all(value.shape == () for value in summary.values())
    assert all(value.shape[0] == BATCH for value in score.values())
    alone = objective.score(case.vae, case.params, keys(1, BATCH)[3], case.xs[3])
    assert_trees_close(jax.tree.map(np.asarray, alone), index(score, 3), rtol=1e-4)
    assert isinstance(objective.warmup_steps, int)
