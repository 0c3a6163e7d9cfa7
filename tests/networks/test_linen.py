"""A plain Flax Linen module stands wherever a network is expected."""

import math

import flax.linen as nn
import jax
import pytest

import jaxvae as jv
from tests.helpers import assert_trees_close, binary_batch, check_in_model, counting, init, tiny_vae


class Plain(nn.Module):
    """The user's own network: the same function as `MLP((width,), "tanh")`."""

    width: int = 6

    @nn.compact
    def __call__(self, x: jax.Array, output_shape: tuple[int, ...]) -> jax.Array:
        """Flatten, one hidden layer, reshape."""
        h = nn.tanh(nn.Dense(self.width)(x.reshape(-1)))
        return nn.Dense(math.prod(output_shape))(h).reshape(output_shape)


@pytest.mark.slow
def test_it_is_a_component_like_any_other() -> None:
    check_in_model(lambda: tiny_vae(encoder=Plain()))


def test_it_gives_the_numbers_of_the_network_that_it_copies() -> None:
    ours, plain = (tiny_vae(encoder=n, decoder=n) for n in (jv.networks.MLP((6,), "tanh"), Plain()))
    x, params = binary_batch()[0], init(ours, jax.random.key(0))
    elbo, traces = counting(jv.elbo)
    expected = elbo(ours, params, jax.random.key(1), x)
    assert_trees_close(elbo(plain, params, jax.random.key(1), x), expected)
    assert len(traces) == 2
    elbo(tiny_vae(encoder=Plain(), decoder=Plain()), params, jax.random.key(1), x)
    assert len(traces) == 2, "the same module built again is the same program"
    wider = tiny_vae(encoder=Plain(7))
    elbo(wider, init(wider, jax.random.key(0)), jax.random.key(1), x)
    assert len(traces) == 3, "another width is another program"
