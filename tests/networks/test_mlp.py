"""The MLP is the matrix products that its docstring says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.networks import MLP
from jaxvae.networks.activations import ACTIVATIONS

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
OUTPUT_SHAPE = (2, 5)


@pytest.fixture(scope="module")
def params() -> dict:
    """Of widths 6 and 8: they do not depend on the activation. Biases are moved off 0, so that they count."""
    params = jax.jit(lambda key: MLP((6, 8)).init(key, jnp.asarray(X), OUTPUT_SHAPE))(jax.random.key(0))
    return jax.tree.map(lambda leaf: np.asarray(leaf) + (0.3 if leaf.ndim == 1 else 0.0), params)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_it_is_dense_layers_with_the_named_activation(params: dict, activation: str) -> None:
    h = X.reshape(-1)
    layers = [params["params"][f"Dense_{i}"] for i in range(3)]
    for layer in layers[:2]:
        h = np.asarray(getattr(jax.nn, activation)(h @ layer["kernel"] + layer["bias"]))
    expected = (h @ layers[2]["kernel"] + layers[2]["bias"]).reshape(OUTPUT_SHAPE)
    output = MLP((6, 8), activation).apply(params, jnp.asarray(X), OUTPUT_SHAPE)
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


def test_without_hidden_layers_it_is_affine_and_with_them_it_is_not() -> None:
    def departure(network: MLP) -> float:
        """f(x + y) + f(0) − f(x) − f(y), largest entry."""
        x, y = jnp.asarray(X), jnp.asarray(X[::-1] * 2)

        @jax.jit
        def outputs(key: jax.Array) -> jax.Array:
            params = network.init(key, x, OUTPUT_SHAPE)
            return jnp.stack([network.apply(params, v, OUTPUT_SHAPE) for v in (x + y, 0 * x, x, y)])

        both, zero, one, other = np.asarray(outputs(jax.random.key(1)))
        return float(np.max(np.abs(both + zero - one - other)))

    assert departure(MLP(())) < 1e-5
    assert departure(MLP((6,), "identity")) < 1e-5
    assert departure(MLP((6,), output_gain=1.0)) > 0.1


def test_fresh_weights_have_variance_gain_squared_over_fan_in_and_fresh_biases_are_zero() -> None:
    """60,000 weights: within 5 standard errors of the mean and of the variance, and none beyond 2.3 / √fan-in."""
    network = MLP((200,), hidden_gain=1.7)
    params = jax.jit(lambda key: network.init(key, jnp.zeros(300), (2,)))(jax.random.key(2))["params"]
    weights = np.asarray(params["Dense_0"]["kernel"], np.float64) * np.sqrt(300) / 1.7
    assert weights.shape == (300, 200)
    assert abs(weights.mean()) < 5 / np.sqrt(weights.size)
    assert abs(weights.var() - 1) < 5 * np.sqrt(np.mean((weights**2 - 1) ** 2) / weights.size)
    assert np.abs(weights).max() < 2 / 0.87962566103423978 + 1e-3  # the cut, over the standard deviation it leaves
    np.testing.assert_array_equal(params["Dense_0"]["bias"], np.zeros(200))


def test_a_bad_width_or_activation_is_named() -> None:
    with pytest.raises(jv.UserError, match=r"^MLP.features must be >= 1, got 0$"):
        MLP((5, 0))
    with pytest.raises(jv.UserError, match=r"^MLP.activation must be one of celu, .*got 'rleu' \(did you mean relu"):
        MLP((5,), "rleu")
