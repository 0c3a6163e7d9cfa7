"""Operations of traced functions, beside what XLA counts and by hand."""

from typing import Any

import jax
import jax.numpy as jnp
import pytest

import jaxvae as jv
from jaxvae.operations import count_operations
from jaxvae.training import train_step
from jaxvae.training.epoch import Batch
from tests.training.conftest import BATCH, make_job


@pytest.mark.parametrize(
    "objective", [jv.objectives.ELBO(), jv.objectives.IWAE(num_samples=7)], ids=lambda value: type(value).__name__
)
def test_a_step_of_training_takes_what_xla_counts(objective: Any) -> None:
    """Ours cost as much as the matrix products that they become."""
    job = make_job(objective=objective, accumulate=1)
    batch = Batch(jnp.arange(BATCH), jnp.ones(BATCH, bool))
    arguments = job.training, job.state, job.images, batch
    ours = count_operations(jax.make_jaxpr(train_step)(*arguments))
    analysis = jax.jit(train_step).lower(*arguments).cost_analysis()
    assert analysis is not None
    assert ours == pytest.approx(analysis["flops"] + analysis.get("transcendentals", 0.0), rel=0.15)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("strides", "padding"), [((1, 1), "VALID"), ((2, 2), "VALID")])
def test_a_convolution_is_a_product_at_each_place(groups: int, strides: tuple[int, int], padding: str) -> None:
    image, kernel = jnp.ones((3, 9, 9, 4)), jnp.ones((3, 3, 4 // groups, 8))
    numbers = ("NHWC", "HWIO", "NHWC")

    def convolve(image: jax.Array, kernel: jax.Array) -> jax.Array:
        return jax.lax.conv_general_dilated(
            image, kernel, strides, padding, dimension_numbers=numbers, feature_group_count=groups
        )

    places = 3 * ((9 - 3) // strides[0] + 1) ** 2
    expected = 2 * places * 8 * 3 * 3 * (4 // groups)
    assert count_operations(jax.make_jaxpr(convolve)(image, kernel)) == expected
    assert jax.jit(convolve).lower(image, kernel).cost_analysis()["flops"] == expected  # type: ignore[index]


def test_what_runs_several_times_counts_so_often_and_branches_as_their_longest() -> None:
    matrix, vector = jnp.ones((5, 5)), jnp.ones(5)

    def product(x: jax.Array) -> jax.Array:
        return matrix @ x

    def loop(x: jax.Array) -> jax.Array:
        return jax.lax.scan(lambda x, _: (jax.jit(product)(x), None), x, length=7)[0]

    def branch(x: jax.Array) -> jax.Array:
        return jax.lax.cond(x[0] > 0, product, lambda x: product(product(x)), x)

    once = count_operations(jax.make_jaxpr(product)(vector))
    assert once == 2 * 25
    assert count_operations(jax.make_jaxpr(loop)(vector)) == 7 * once
    assert 2 * once <= count_operations(jax.make_jaxpr(branch)(vector)) < 3 * once
    assert count_operations(jax.make_jaxpr(jax.vmap(product))(jnp.ones((4, 5)))) == 4 * once
