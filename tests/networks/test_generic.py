"""Every network of the table: the output shape that is asked for, finite at extremes, one compilation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.components import NETWORKS, NetworkRow
from tests.helpers import assert_finite, check_in_model, tiny_vae

every_row = pytest.mark.parametrize("row", NETWORKS.values(), ids=NETWORKS)


@pytest.mark.fast_rows(2)
@every_row
def test_output_shape_is_the_one_asked_for(row: NetworkRow) -> None:
    for input_shape, output_shape in row.shapes:

        def call(key: jax.Array, x: jax.Array, output_shape: tuple[int, ...] = output_shape) -> jax.Array:
            network = row.build()
            return network.apply(network.init(key, x, output_shape), x, output_shape)

        output = jax.eval_shape(call, jax.random.key(0), jax.ShapeDtypeStruct(input_shape, jnp.float32))
        assert (output.shape, output.dtype) == (output_shape, jnp.float32)


@pytest.mark.fast_rows(2)
@every_row
@pytest.mark.parametrize("which", [0, 1])
def test_finite_at_extreme_inputs(row: NetworkRow, which: int) -> None:
    """As encoder and as decoder."""
    network, (input_shape, output_shape) = row.build(), row.shapes[which]
    x = jnp.asarray(np.random.default_rng(0).normal(size=input_shape) * 1e4, jnp.float32)

    @jax.jit
    def square(key: jax.Array, x: jax.Array) -> tuple[jax.Array, tuple[dict, jax.Array]]:
        params = network.init(key, x, output_shape)
        loss = lambda params, x: jnp.sum(network.apply(params, x, output_shape) ** 2)  # noqa: E731
        return jax.value_and_grad(loss, (0, 1))(params, x)

    assert_finite(square(jax.random.key(0), x))


@pytest.mark.fast_rows(1)
@every_row
def test_in_a_model(row: NetworkRow) -> None:
    check_in_model(lambda: tiny_vae(encoder=row.build(), decoder=row.build()))
