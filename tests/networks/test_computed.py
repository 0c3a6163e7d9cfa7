"""Networks in other precision, and with hidden values computed twice."""

import jax
import jax.numpy as jnp
import numpy as np

import jaxvae as jv
from jaxvae.networks import MLP, Bfloat16, Rematerialized
from jaxvae.typing import Array, Params
from tests.helpers import assert_trees_close, keys

WIDE = MLP((64, 48), "tanh")
X = np.random.default_rng(0).normal(size=7).astype(np.float32)


def test_bfloat16_rounds_the_network_and_nothing_else() -> None:
    """Within the 8 bits of bfloat16 of the network itself, and not equal to it; gradients are float32 for float32."""
    network = Bfloat16(WIDE)
    params = network.init(jax.random.key(0), jnp.asarray(X), (3, 5))
    assert_trees_close(params, WIDE.init(jax.random.key(0), jnp.asarray(X), (3, 5)), rtol=0, atol=0)
    exact, rounded = WIDE.apply(params, jnp.asarray(X), (3, 5)), network.apply(params, jnp.asarray(X), (3, 5))
    assert rounded.dtype == jnp.float32
    difference = np.abs(exact - rounded).max()
    assert 0 < difference < 0.05 * np.abs(exact).max()
    gradient = jax.grad(lambda params: jnp.sum(network.apply(params, jnp.asarray(X), (3, 5)) ** 2))(params)
    assert {leaf.dtype.name for leaf in jax.tree.leaves(gradient)} == {"float32"}
    hidden = jax.make_jaxpr(lambda x: network.apply(params, x, (3, 5)))(jnp.asarray(X))
    products = [eqn for eqn in hidden.eqns if eqn.primitive.name == "dot_general"]
    assert len(products) == 3
    assert {eqn.outvars[0].aval.dtype.name for eqn in products} == {"bfloat16"}  # type: ignore[attr-defined]


def test_rematerialized_has_the_same_gradient_for_less_memory() -> None:
    """Of 200 draws through the decoder: what is held between the passes."""
    vae = jv.VAE((3, 4, 1), 2, encoder=MLP((8,)), decoder=WIDE)
    params, draws, x = vae.init(jax.random.key(0)), keys(1, 200), jnp.ones((3, 4, 1))

    def gradient(decoder: jv.networks.Network) -> tuple[Params, int]:
        model = jv.VAE((3, 4, 1), 2, encoder=MLP((8,)), decoder=decoder)

        def bound(params: Params, keys: Array) -> Array:
            return jnp.mean(jax.vmap(lambda key: model.draw(params, key, x).log_weight)(keys))

        compiled = jax.jit(jax.grad(bound)).lower(params, draws).compile()
        memory = compiled.memory_analysis()
        assert memory is not None
        return compiled(params, draws), memory.temp_size_in_bytes

    expected, kept = gradient(WIDE)
    again, less = gradient(Rematerialized(WIDE))
    assert_trees_close(again, expected, rtol=1e-5, atol=1e-6)
    assert less <= kept
    hidden = jax.make_jaxpr(jax.grad(lambda z: jnp.sum(Rematerialized(WIDE).apply(params["decoder"], z, (3, 4, 1)))))
    assert "remat" in str(hidden(jnp.zeros(2)))
