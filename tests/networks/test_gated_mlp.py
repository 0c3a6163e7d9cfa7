"""The gated network is the products that its docstring says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

import jaxvae as jv
from jaxvae.networks import GatedMLP

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


@pytest.mark.parametrize("activation", ["identity", "tanh"])
def test_it_is_gated_layers(activation: str) -> None:
    network, function = GatedMLP((6, 8), activation), {"identity": lambda h: h, "tanh": np.tanh}[activation]
    params = jax.tree.map(np.asarray, network.init(jax.random.key(0), jnp.asarray(X), (2, 5)))
    params = jax.tree.map(lambda leaf: leaf + 0.3 if leaf.ndim == 1 else leaf, params)  # so that biases count
    layers, h = params["params"], X.reshape(-1)
    dense = lambda i, h: h @ layers[f"Dense_{i}"]["kernel"] + layers[f"Dense_{i}"]["bias"]  # noqa: E731
    for value, gate in ((0, 1), (2, 3)):
        h = function(dense(value, h)) * special.expit(dense(gate, h))
    output = network.apply(params, jnp.asarray(X), (2, 5))
    np.testing.assert_allclose(output, dense(4, h).reshape(2, 5), rtol=1e-4, atol=1e-5)
    assert [layers[f"Dense_{i}"]["kernel"].shape for i in range(5)] == [(12, 6), (12, 6), (6, 8), (6, 8), (8, 10)]


def test_a_bad_width_or_activation_is_named() -> None:
    with pytest.raises(jv.UserError, match=r"^GatedMLP.features must be >= 1, got 0$"):
        GatedMLP((5, 0))
    with pytest.raises(jv.UserError, match=r"^GatedMLP.activation must be one of celu, .*\(did you mean relu"):
        GatedMLP((5,), "rleu")
