"""Every network of the table: the output shape that is asked for, finite at extremes, one compilation."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.components import NETWORKS
from tests.helpers import assert_finite, check_in_model, tiny_vae

every_row = pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)


@every_row
@pytest.mark.parametrize(("input_shape", "output_shape"), [((4, 3, 1), (2, 5)), ((7,), ()), ((), (3, 2, 4))])
def test_output_shape_is_the_one_asked_for(build: Callable[[], Any], input_shape: Any, output_shape: Any) -> None:
    def call(key: jax.Array, x: jax.Array) -> jax.Array:
        network = build()
        return network.apply(network.init(key, x, output_shape), x, output_shape)

    output = jax.eval_shape(call, jax.random.key(0), jnp.zeros(input_shape))
    assert (output.shape, output.dtype) == (output_shape, jnp.float32)


@every_row
def test_finite_at_extreme_inputs(build: Callable[[], Any]) -> None:
    network, x = build(), jnp.asarray(np.random.default_rng(0).normal(size=(4, 3, 1)) * 1e4, jnp.float32)
    params = jax.jit(lambda key: network.init(key, x, (2, 5)))(jax.random.key(0))
    square = jax.jit(jax.value_and_grad(lambda params, x: jnp.sum(network.apply(params, x, (2, 5)) ** 2), (0, 1)))
    assert_finite(square(params, x))


@every_row
def test_in_a_model(build: Callable[[], Any]) -> None:
    check_in_model(lambda: tiny_vae(encoder=build(), decoder=build()))
