"""A step in parts is the step, and only losses that are known to have parts are cut."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import jaxvae as jv
from jaxvae.fast import parts
from jaxvae.training import train_step
from jaxvae.training.epoch import Batch
from tests.helpers import assert_trees_close
from tests.training.conftest import Job, make_job


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


@pytest.mark.slow
@pytest.mark.usefixtures("fast_forms")
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
