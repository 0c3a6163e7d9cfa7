"""The rule that cuts a step into parts, on losses whose kept values can be counted by hand, and the step so cut."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import jaxvae as jv
from jaxvae.training import parts, train_step
from jaxvae.training.epoch import Batch
from jaxvae.training.mesh import make_mesh
from jaxvae.typing import Params
from tests.helpers import assert_trees_close
from tests.training.conftest import Job, make_job

BATCH, WIDTH = 12, 250


def two_layers(weights: Params, x: jax.Array) -> tuple[jax.Array, dict]:
    """Keeps x W₁ and x for the gradient, of each example WIDTH + 2 numbers, and W₂ of all of them, 3 WIDTH numbers."""
    return jnp.mean(jnp.sum((x @ weights["first"]) @ weights["second"], axis=-1)), {}


@pytest.mark.parametrize(
    ("batch", "examples", "count"),  # how many examples fit beside W₂
    [
        (BATCH, BATCH, 1),
        (BATCH, BATCH - 1, 2),
        (BATCH, 3, 4),
        (BATCH, 2.9, 1),  # in 6 parts, the next divisor of 12 after 5, the W₂ would take more than the examples
        (BATCH, 0, 1),
        (BATCH - 1, 4, 1),  # 3 would do, but divide 11 only as 11
    ],
)
def test_parts_fit_the_cache_and_do_not_repeat_more_than_they_hold(
    monkeypatch: pytest.MonkeyPatch, batch: int, examples: float, count: int
) -> None:
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    monkeypatch.setattr(parts, "CACHE", int(4 * (3 * WIDTH + examples * (WIDTH + 2))))
    weights = {"first": jnp.ones((2, WIDTH)), "second": jnp.ones((WIDTH, 3))}
    assert parts.fitting_parts(two_layers, weights, (jnp.ones((batch, 2)),)) == count
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert parts.fitting_parts(two_layers, weights, (jnp.ones((batch, 2)),)) == 1


def test_a_mesh_is_not_cut_into_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "CACHE", 4 * (3 * WIDTH + 3 * (WIDTH + 2)))
    weights, x = {"first": jnp.ones((2, WIDTH)), "second": jnp.ones((WIDTH, 3))}, jnp.ones((BATCH, 2))
    assert parts.fitting_parts(two_layers, weights, (x,)) > 1
    with jax.set_mesh(make_mesh(1)):
        assert parts.fitting_parts(two_layers, weights, (x,)) == 1


@jv.dataclass
class OwnLoss(jv.objectives.ELBO):
    """An objective that may look at a whole batch, since its loss is its own."""

    def loss(self, *arguments: Any) -> Any:
        """That of the ELBO."""
        return super().loss(*arguments)


def test_only_a_loss_that_is_known_to_have_parts_is_cut() -> None:
    assert make_job(objective=jv.objectives.IWAE()).training.has_parts
    assert not make_job(objective=OwnLoss()).training.has_parts
    assert not make_job(objective=jv.objectives.FreeBits()).training.has_parts


def test_a_step_in_parts_that_fit_is_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = Batch(jnp.arange(6) + 4, jnp.arange(6) < 5)
    whole, cut = (
        make_job(batch_size=6, objective=jv.objectives.IWAE(num_samples=400), accumulate=n) for n in (1, None)
    )

    def scans(job: Job) -> int:
        step = partial(train_step, job.training)  # a function of its own: what is traced once is not traced again
        return str(jax.make_jaxpr(step)(job.state, job.images, batch)).count("scan[")

    assert scans(cut) == scans(whole)
    for power in range(12, 22):  # of caches that are too small for anything the first that is not
        monkeypatch.setattr(parts, "CACHE", 2**power)
        if scans(cut) > scans(whole):
            break
    assert scans(cut) > scans(whole)
    expected, actual = (
        jax.jit(partial(train_step, job.training))(job.state, job.images, batch) for job in (whole, cut)
    )
    assert_trees_close(actual[0].params, expected[0].params, rtol=1e-5, atol=1e-6)
    assert_trees_close(actual[1], expected[1], rtol=1e-5, atol=1e-6)
