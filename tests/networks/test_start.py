"""How networks start: hidden layers keep the size of their input, and the last layer is quiet."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, special, stats

import jaxvae as jv
from jaxvae.networks import MLP, Conv, GatedMLP, Network, ResNet
from jaxvae.networks.start import FIRST_GAIN, preserving_gain

IMAGE = (9, 13, 2)
NETWORKS = {"MLP": MLP, "GatedMLP": GatedMLP, "Conv": Conv, "ResNet": ResNet}


@pytest.mark.parametrize(
    ("activation", "function"),
    [("relu", lambda u: np.maximum(u, 0)), ("silu", lambda u: u * special.expit(u)), ("tanh", np.tanh)],
)
def test_the_gain_is_one_over_the_root_of_the_mean_square_of_the_activation(activation: str, function) -> None:
    square = integrate.quad(lambda u: function(u) ** 2 * stats.norm.pdf(u), -12, 12, points=[0.0])[0]
    assert preserving_gain(activation) == pytest.approx(square**-0.5, rel=1e-3)


def test_the_gain_of_a_gated_layer_counts_the_gate() -> None:
    gate = integrate.quad(lambda u: special.expit(u) ** 2 * stats.norm.pdf(u), -12, 12)[0]
    assert preserving_gain("identity", gated=True) == pytest.approx(gate**-0.5, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "silu", "tanh"])
def test_five_hidden_layers_keep_the_mean_square_of_what_activations_are_given(activation: str) -> None:
    """Of 1,000 units a layer, and 20 inputs with which it is 1 in the first: finite widths alone move it by a tenth."""
    inputs = jax.random.normal(jax.random.key(0), (20, 1000))

    def last_hidden(key: jax.Array, gain: float | None) -> jax.Array:
        x = inputs / (FIRST_GAIN if gain is None else gain)
        network = MLP((1000,) * 5, activation, hidden_gain=gain, output_gain=1.0)
        params = network.init(key, x[0], (1000,))
        return jax.vmap(lambda one: network.apply(params, one, (1000,)))(x)

    kept, lost = (float(jnp.mean(last_hidden(jax.random.key(1), gain) ** 2)) for gain in (None, 1.0))
    # the output layer has gain 1: it puts out the mean square of the last activation, E[φ(u)²] = gain⁻²
    assert kept == pytest.approx(preserving_gain(activation) ** -2, rel=0.35)
    assert lost < 0.5 * kept


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("cls", [MLP, GatedMLP, Conv])
@pytest.mark.parametrize(("x_shape", "output_shape"), [((8, 12, 40), (2, 5)), ((640,), (8, 12, 3))], ids=["in", "out"])
def test_the_first_hidden_layer_starts_quieter_than_the_others(
    cls: type[MLP | GatedMLP | Conv], x_shape: tuple[int, ...], output_shape: tuple[int, ...]
) -> None:
    """Of at least 20,000 weights each the standard deviation is right to 0.5 %; six standard errors are 3 %."""
    widths = {"channels" if cls is Conv else "features": (64, 100) if cls is Conv else (200, 210)}

    def gains(network: Network) -> list[float]:
        params = network.init(jax.random.key(0), jnp.zeros(x_shape), output_shape)["params"]
        kernels = [np.asarray(layer["kernel"]) for _, layer in sorted(params.items())][:-1]  # the last has its own
        return [float(kernel.std() * np.sqrt(kernel.shape[0])) for kernel in kernels]

    in_a_layer = 2 if cls is GatedMLP else 1  # kernels
    later = preserving_gain(cls().activation, gated=cls is GatedMLP)
    by_default = [FIRST_GAIN] * in_a_layer + [later] * in_a_layer
    found = gains(cls(**widths))[: 2 * in_a_layer]
    assert found == pytest.approx(by_default, rel=0.03)
    assert gains(cls(**widths, hidden_gain=1.3))[: 2 * in_a_layer] == pytest.approx([1.3] * 2 * in_a_layer, rel=0.03)


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("x_shape", "output_shape"), [(IMAGE, (2, 5)), ((3,), IMAGE)], ids=["encoder", "decoder"])
def test_the_output_is_proportional_to_its_gain_which_is_a_tenth_by_default(
    name: str, x_shape: tuple[int, ...], output_shape: tuple[int, ...]
) -> None:
    x = jax.random.normal(jax.random.key(2), x_shape)

    def output(network: Network) -> np.ndarray:
        return np.asarray(network.apply(network.init(jax.random.key(3), x, output_shape), x, output_shape))

    cls = NETWORKS[name]
    by_default, full = output(cls()), output(cls(output_gain=1.0))
    np.testing.assert_allclose(by_default, 0.1 * full, rtol=1e-4, atol=1e-6)
    assert np.sqrt(np.mean(full**2)) > 0.1  # there is something to be quiet about


def test_runs_with_several_gains_are_one_program() -> None:
    """A gain is a number: members of a sweep over it are stacked, and each starts as it would alone."""
    x = jnp.ones(4)
    gains = (0.1, 0.7)
    stacked = jv.stack([MLP((6,), output_gain=gain) for gain in gains])
    together = jax.vmap(lambda network: network.init(jax.random.key(0), x, (5,)))(stacked)
    for index, gain in enumerate(gains):
        alone = MLP((6,), output_gain=gain).init(jax.random.key(0), x, (5,))
        for one, other in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(one[index], other, rtol=1e-6)


@pytest.mark.parametrize("field", ["hidden_gain", "output_gain"])
def test_a_gain_that_is_not_above_zero_is_refused(field: str) -> None:
    with pytest.raises(jv.UserError, match=rf"MLP\.{field} must be > 0, got 0\.0"):
        MLP(**{field: 0.0})
