"""The rule that cuts a step into parts, on losses whose kept values can be counted by hand, and the step so cut."""

import jax
import jax.numpy as jnp
import pytest

import jaxvae as jv
from jaxvae.training import parts, train_step
from jaxvae.training.epoch import Batch
from jaxvae.typing import Params
from tests.helpers import assert_trees_close
from tests.training.conftest import make_job

BATCH, WIDTH = 12, 250


def two_layers(weights: Params, x: jax.Array) -> tuple[jax.Array, dict]:
    """Keeps x W₁ and x for the gradient, of each example WIDTH + 2 numbers, and W₂ of all of them, 3 WIDTH numbers."""
    return jnp.mean(jnp.sum((x @ weights["first"]) @ weights["second"], axis=-1)), {}


@pytest.mark.parametrize(
    ("numbers", "count"),
    [
        (BATCH * (WIDTH + 2), 1),  # all fit
        (BATCH * (WIDTH + 2) - 1, 2),
        (3 * (WIDTH + 2), 4),
        (3 * (WIDTH + 2) - 1, 4),  # of 6 parts, the next divisor, the W₂ would take more than the examples
    ],
)
def test_parts_fit_the_cache_and_do_not_repeat_more_than_they_hold(
    monkeypatch: pytest.MonkeyPatch, numbers: int, count: int
) -> None:
    monkeypatch.setattr(parts, "CACHE", 4 * numbers)
    weights = {"first": jnp.ones((2, WIDTH)), "second": jnp.ones((WIDTH, 3))}
    assert parts.fitting_parts(two_layers, weights, (jnp.ones((BATCH, 2)),)) == count
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert parts.fitting_parts(two_layers, weights, (jnp.ones((BATCH, 2)),)) == 1


def test_a_step_in_parts_that_fit_is_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = Batch(jnp.arange(6) + 4, jnp.arange(6) < 5)
    jobs = [make_job(batch_size=6, objective=jv.objectives.IWAE(num_samples=40), accumulate=n) for n in (1, None)]
    loops = []
    for job, cache in zip(jobs, (parts.CACHE, 1), strict=True):
        monkeypatch.setattr(parts, "CACHE", cache)
        arguments = (job.training, job.state, job.images, batch)
        loops.append(str(jax.make_jaxpr(train_step)(*arguments)).count("scan["))
    assert loops[1] > loops[0]
    expected, state = (jax.jit(train_step)(job.training, job.state, job.images, batch)[0].params for job in jobs)
    assert_trees_close(state, expected, rtol=1e-5, atol=1e-6)
