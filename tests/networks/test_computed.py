"""Networks in other precision, and with hidden values computed twice."""

from collections.abc import Iterator

import jax
import jax.extend
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.networks import MLP, Bfloat16, Conv, GatedMLP, Network, Rematerialized, ResNet
from jaxvae.typing import Array, Params, Shape
from tests.helpers import assert_trees_close, keys

WIDE = MLP((64, 48), "tanh")
X = np.random.default_rng(0).normal(size=7).astype(np.float32)


@pytest.mark.slow
@pytest.mark.usefixtures("fast_forms")
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
    products = [eqn for eqn in hidden.eqns if eqn.primitive.name == "row_products"]
    assert len(products) == 3
    assert {eqn.outvars[0].aval.dtype.name for eqn in products} == {"bfloat16"}  # type: ignore[attr-defined]


def primitives(jaxpr: jax.extend.core.Jaxpr) -> Iterator[jax.extend.core.JaxprEqn]:
    """All equations, those of inner functions among them."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=lambda leaf: hasattr(leaf, "eqns")):
            if hasattr(inner, "eqns"):
                yield from primitives(inner)


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize(
    "network", [GatedMLP((6, 5)), Conv((2, 4)), ResNet((2, 4))], ids=lambda one: type(one).__name__
)
@pytest.mark.parametrize("shape", [(12, 8, 1), (7,)], ids=["encoder", "decoder"])
def test_every_product_of_a_network_is_of_half_precision(network: Network, shape: Shape) -> None:
    output_shape, half = ((2, 12, 8, 1) if shape == (7,) else (2, 3)), Bfloat16(network)
    x = jax.random.normal(jax.random.key(0), shape)
    params = half.init(jax.random.key(1), x, output_shape)
    traced = jax.make_jaxpr(lambda params: half.apply(params, x, output_shape))(params)
    names = ("dot_general", "conv_general_dilated", "row_products")
    products = [one for one in primitives(traced.jaxpr) if one.primitive.name in names]
    assert len(products) >= 3
    assert {one.outvars[0].aval.dtype.name for one in products} == {"bfloat16"}  # type: ignore[attr-defined]
    exact, rounded = network.apply(params, x, output_shape), half.apply(params, x, output_shape)
    assert 0 < np.abs(exact - rounded).max() < 0.05 * np.abs(exact).max()


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
