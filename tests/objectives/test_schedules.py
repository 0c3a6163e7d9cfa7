"""Schedules against their formulas in numpy, as the compiled step sees them: an int32 step."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.objectives import Constant, Cyclical, Linear, Schedule, Sigmoid
from tests.components import SCHEDULES
from tests.helpers import counting

weights = jax.jit(jax.vmap(lambda schedule, step: schedule(step), (None, 0)))


@pytest.mark.parametrize("build", SCHEDULES.values(), ids=SCHEDULES)
def test_a_weight_between_0_and_1_that_stays_1_after_the_warm_up(build: Callable[[], Schedule]) -> None:
    schedule = build()
    values = weights(schedule, jnp.arange(60))
    assert values.dtype == jnp.float32
    assert np.all((values >= 0) & (values <= 1))
    assert schedule.warmup_steps < 60
    np.testing.assert_array_equal(values[schedule.warmup_steps :], np.ones(60 - schedule.warmup_steps))
    if schedule.warmup_steps:
        assert np.any(values[: schedule.warmup_steps] < 1)
    plain = [schedule(jnp.asarray(step)) for step in (0, 5, 59)]
    np.testing.assert_allclose(plain, values[jnp.array([0, 5, 59])], rtol=1e-6)


def test_constant() -> None:
    np.testing.assert_array_equal(weights(Constant(), jnp.arange(3)), np.ones(3))


def test_linear() -> None:
    np.testing.assert_allclose(weights(Linear(steps=7), jnp.arange(10)), np.minimum(1, np.arange(10) / 7), rtol=1e-6)
    assert float(Linear(steps=7)(jnp.asarray(6))) < 1


@pytest.mark.parametrize(("period", "cycles", "ramp"), [(6, 3, 0.75), (5, 2, 1.0), (8, 1, 0.25)])
def test_cyclical(period: int, cycles: int, ramp: float) -> None:
    """Fu et al. 2019, equation 6, then 1."""
    expected = [
        min(1.0, (step % period) / period / ramp) if step < cycles * period else 1.0
        for step in range(cycles * period + 4)
    ]
    schedule = Cyclical(period=period, cycles=cycles, ramp=ramp)
    np.testing.assert_allclose(weights(schedule, jnp.arange(len(expected))), expected, rtol=1e-6)
    assert schedule.warmup_steps == cycles * period
    assert expected[period] == 0.0 or cycles == 1


def test_the_ramp_is_a_leaf_and_the_steps_are_structure() -> None:
    weight, traces = counting(lambda schedule, step: schedule(step))
    for ramp in (0.5, 0.25, 1):
        np.testing.assert_allclose(weight(Cyclical(8, 2, ramp), jnp.asarray(1)), 0.125 / ramp, rtol=1e-6)
    assert len(traces) == 1
    weight(Cyclical(9, 2, 0.5), jnp.asarray(1))
    assert len(traces) == 2


@pytest.mark.parametrize(
    ("schedule", "expected"), [(Linear(), 200), (Linear(share=0.7), 700), (Sigmoid(), 200), (Cyclical(), 4 * 125)]
)
def test_by_default_a_schedule_ends_within_the_run(schedule: Schedule, expected: int) -> None:
    """A fifth of 1,000 steps or the share given, or half of them in 4 cycles; of the shortest run at least one."""
    objective = jv.objectives.ELBO(schedule=schedule).for_run(num_examples=50, num_steps=1000)
    assert objective.schedule.warmup_steps == objective.warmup_steps == expected
    assert objective.for_run(50, 9) is objective  # a number stays
    assert type(schedule).__name__ in repr(objective)
    assert schedule.for_run(1).warmup_steps >= 1


def test_numbers_of_ones_own_do_not_follow_the_run() -> None:
    for schedule in (Linear(7), Sigmoid(7), Cyclical(7), Constant()):
        assert schedule.for_run(1000) is schedule
        objective = jv.objectives.MinimumRate(schedule=schedule)
        assert objective.for_run(50, 1000) is objective


@pytest.mark.parametrize(
    ("schedule", "name"), [(Linear(), "Linear.steps"), (Sigmoid(), "Sigmoid.steps"), (Cyclical(), "Cyclical.period")]
)
def test_outside_of_a_run_there_is_no_length_to_follow(schedule: Schedule, name: str) -> None:
    with pytest.raises(jv.UserError, match=f"{name} must be a number outside of a run, got None"):
        schedule(jnp.asarray(0))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Linear(steps=0), "Linear.steps must be >= 1, got 0"),
        (lambda: Linear(share=1.5), "Linear.share must be > 0 and <= 1, got 1.5"),
        (lambda: Cyclical(period=0), "Cyclical.period must be >= 1, got 0"),
        (lambda: Cyclical(cycles=-1), "Cyclical.cycles must be >= 1, got -1"),
        (lambda: Cyclical(ramp=1.5), "Cyclical.ramp must be > 0 and <= 1, got 1.5"),
        (lambda: Cyclical(ramp=0), "Cyclical.ramp must be > 0 and <= 1, got 0.0"),
    ],
)
def test_a_bad_field_is_named(build: Callable[[], Schedule], message: str) -> None:
    with pytest.raises(jv.UserError) as error:
        build()
    assert str(error.value) == message
