"""Conv and ResNet: images of any size on either side, by the convolutions that their docstrings name."""

import re
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import jaxvae as jv
from jaxvae.networks import Conv, ResNet
from jaxvae.networks.images import convolve, depth_to_space, double, halve, space_to_depth
from jaxvae.networks.resnet import _normalize
from tests.helpers import check_in_model

SIZES = [(28, 28, 1), (9, 13, 3), (32, 32, 3), (8, 8, 1), (128, 128, 3), (11, 128, 1), (9, 7, 1)]
NETWORKS = [Conv(), ResNet(), Conv((3, 4, 5))]
RNG = np.random.default_rng(0)


class Layer(nn.Module):
    """One of the functions that make a layer, as a module of its own."""

    function: Callable[[jax.Array], jax.Array]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """The layer at `x`."""
        return self.function(x)


def normal(*shape: int) -> jax.Array:
    return jnp.asarray(RNG.normal(size=shape), jnp.float32)


def layer(function: Callable[[jax.Array], jax.Array], x: jax.Array) -> tuple[jax.Array, np.ndarray, np.ndarray]:
    """The output of a layer at `x` with a random bias, its kernel and its bias."""
    ((name, params),) = Layer(function).init(jax.random.key(0), x)["params"].items()
    kernel = np.asarray(params["kernel"])
    bias = RNG.normal(size=params["bias"].shape).astype(np.float32)
    return Layer(function).apply({"params": {name: {"kernel": kernel, "bias": bias}}}, x), kernel, bias


def convolution(x: jax.Array, kernel: np.ndarray, stride: int, pads: Any) -> jax.Array:
    """XLA's own, of one image and a kernel `[height, width, in, out]`."""
    dimensions = ("NHWC", "HWIO", "NHWC")
    strides, kernel = (stride, stride), jnp.asarray(kernel)
    return lax.conv_general_dilated(x[None], kernel, strides, pads, dimension_numbers=dimensions)[0]


def output_shape_of(network: Any, input_shape: Any, output_shape: Any) -> Any:
    def call(key: jax.Array, x: jax.Array) -> jax.Array:
        return network.apply(network.init(key, x, output_shape), x, output_shape)

    return jax.eval_shape(call, jax.random.key(0), jax.ShapeDtypeStruct(input_shape, jnp.float32)).shape


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("network", NETWORKS, ids=["Conv", "ResNet", "Conv-3"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_any_size_on_either_side(network: Any, size: tuple[int, ...]) -> None:
    pairs = [(size, (2, 5)), ((3,), size), ((3,), (2, *size)), ((3,), (*size, 6)), (size, size)]
    for input_shape, output_shape in pairs:
        assert output_shape_of(network, input_shape, output_shape) == output_shape


@pytest.mark.parametrize(("height", "width"), [(6, 8), (7, 10), (5, 9)])
def test_halving_is_a_convolution_4_by_4_of_stride_2(height: int, width: int) -> None:
    x = normal(height, width, 3)
    output, kernel, bias = layer(lambda x: halve(x, 5), x)
    window = kernel.reshape(2, 2, 2, 2, 3, 5).transpose(0, 2, 1, 3, 4, 5).reshape(4, 4, 3, 5)  # place and pixel in it
    expected = np.asarray(convolution(x, window, 2, [(1, 1 + height % 2), (1, 1 + width % 2)])) + bias
    assert output.shape == (-(-height // 2), -(-width // 2), 5)
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("channels", [3, 1])  # of fewer the products are shifted, of more the patches
@pytest.mark.parametrize(("height", "width"), [(6, 8), (7, 10), (5, 9)])
def test_doubling_is_the_transpose_of_a_halving(height: int, width: int, channels: int) -> None:
    """⟨double(y), x⟩ = ⟨y, convolution(x)⟩ for all x: the gradient of the right side in x is double(y)."""
    y = normal(-(-height // 2), -(-width // 2), 5)
    output, kernel, bias = layer(lambda y: double(y, channels, (height, width)), y)
    window = kernel.reshape(2, 2, 5, 2, 2, channels)[::-1, ::-1].transpose(0, 3, 1, 4, 5, 2).reshape(4, 4, channels, 5)
    pads = [(1, 1 + height % 2), (1, 1 + width % 2)]
    expected = jax.grad(lambda x: jnp.vdot(y, convolution(x, window, 2, pads)))(jnp.zeros((height, width, channels)))
    offsets = np.tile(bias.reshape(2, 2, channels), (y.shape[0] + 1, y.shape[1] + 1, 1))[1 : 1 + height, 1 : 1 + width]
    np.testing.assert_allclose(output, expected + offsets, rtol=1e-5, atol=1e-5)


def test_the_convolution_of_a_block() -> None:
    x = normal(5, 7, 4)
    output, kernel, bias = layer(convolve, x)
    expected = np.asarray(convolution(x, kernel.reshape(3, 3, 4, 4), 1, "SAME")) + bias
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)


def test_blocks_of_pixels_become_channels_and_pixels_again() -> None:
    x = np.arange(4 * 6 * 3).reshape(4, 6, 3)
    np.testing.assert_array_equal(space_to_depth(jnp.asarray(x))[1, 2], x[2:4, 4:6].reshape(-1))
    np.testing.assert_array_equal(depth_to_space(space_to_depth(jnp.asarray(x))), x)


def test_a_shifted_image_is_halved_to_a_shifted_image() -> None:
    """Two halvings: 4 pixels are one place, away from the border."""
    stack = lambda x: halve(nn.relu(halve(x, 5)), 6)  # noqa: E731
    x = normal(24, 28, 1)
    params = Layer(stack).init(jax.random.key(0), x)
    output, shifted = (Layer(stack).apply(params, image) for image in (x, jnp.roll(x, (4, 8), (0, 1))))
    assert output.shape == (6, 7, 6)
    np.testing.assert_allclose(shifted[2:-1, 3:-1], output[1:-2, 1:-3], rtol=1e-5, atol=1e-5)
    assert np.abs(shifted[2:-1, 3:-1] - output[2:-1, 3:-1]).max() > 0.1


@pytest.mark.parametrize(("channels", "groups"), [(6, 3), (5, 1), (32, 8), (1, 1)])
def test_group_normalisation(channels: int, groups: int) -> None:
    """Mean 0 and variance 1 in each group of channels, over the image (Wu and He 2018, equation 1)."""
    x = normal(4, 3, channels) * 2 + 3
    output = Layer(_normalize).apply(Layer(_normalize).init(jax.random.key(0), x), x)
    grouped = np.asarray(x, np.float64).reshape(4, 3, groups, -1)
    centred = grouped - grouped.mean((0, 1, 3), keepdims=True)
    expected = centred / np.sqrt((centred**2).mean((0, 1, 3), keepdims=True) + 1e-5)
    np.testing.assert_allclose(output, expected.reshape(x.shape), rtol=1e-4, atol=1e-4)


def test_an_example_does_not_see_the_others_of_its_batch() -> None:
    network, output_shape = ResNet((4, 6)), (2, 5)
    xs = normal(3, 9, 7, 1)
    params = jax.jit(network.init, static_argnums=2)(jax.random.key(0), xs[0], output_shape)
    apply = jax.jit(lambda x: network.apply(params, x, output_shape))
    together = jax.jit(jax.vmap(lambda x: network.apply(params, x, output_shape)))(xs)
    for x, output in zip(xs, together, strict=True):
        np.testing.assert_allclose(apply(x), output, rtol=1e-4, atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 0.01


@pytest.mark.usefixtures("fast_forms")
@pytest.mark.parametrize("network", [Conv((4,)), ResNet((4,))], ids=["Conv", "ResNet"])
@pytest.mark.parametrize(("input_shape", "output_shape"), [((9, 13, 3), (2, 5)), ((3,), (9, 13, 3))])
def test_a_batch_is_one_large_matrix_product(network: Any, input_shape: Any, output_shape: Any) -> None:
    """XLA sees no convolution (slow in loops on a CPU), and no product for each example, forward or backward."""
    params = jax.eval_shape(lambda key: network.init(key, jnp.zeros(input_shape), output_shape), jax.random.key(0))

    def loss(params: Any, xs: jax.Array) -> jax.Array:
        return jnp.sum(jax.vmap(lambda x: network.apply(params, x, output_shape))(xs) ** 2)

    xs = jax.ShapeDtypeStruct((11, *input_shape), jnp.float32)
    text = jax.jit(jax.grad(loss)).lower(params, xs).as_text()
    assert "stablehlo.convolution" not in text
    products = [line for line in text.splitlines() if "stablehlo.dot_general" in line]
    assert len(products) >= 5  # two layers: two products forward, three back
    matrices = r"tensor<\d+x\d+xf32>, tensor<\d+x\d+xf32>\) -> tensor<\d+x\d+xf32>"
    assert all(re.search(matrices, line) for line in products), "an axis that is not merged into the product"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "data_shape", "likelihood"),
    [
        (Conv((4, 5)), (9, 7, 1), jv.likelihoods.Bernoulli()),
        (ResNet((4,)), (8, 6, 3), jv.likelihoods.Normal(scale="decoded")),
    ],
    ids=["grey", "RGB"],
)
def test_in_a_model_of_images(network: Any, data_shape: tuple[int, ...], likelihood: Any) -> None:
    check_in_model(lambda: jv.VAE(data_shape, 2, network, network, likelihood=likelihood))


@pytest.mark.slow
@pytest.mark.parametrize("axis", [0, 1])
def test_the_place_of_the_image_can_be_said(axis: int) -> None:
    """The pixels of a decoder stand on the axes that are said: neighbours there share their inputs."""
    network, output_shape = Conv((2,), image_axis=axis), (6, 8, 5, 7)
    z = normal(3)
    params = network.init(jax.random.key(0), z, output_shape)
    smallest = tuple(-(-side // 2) for side in output_shape[axis : axis + 2])
    assert params["params"]["Dense_0"]["kernel"].shape == (3, 2 * smallest[0] * smallest[1])
    assert network.apply(params, z, output_shape).shape == output_shape


def test_parameters_in_front_of_the_image_and_behind_it_are_channels() -> None:
    """One pixel of the smallest image reaches 4 × 4 pixels of every parameter."""
    front, behind = (2, 8, 6, 1), (8, 6, 1, 2)
    network = Conv((3,), activation="identity")
    params = network.init(jax.random.key(0), jnp.zeros(1), front)
    bias = np.zeros((4, 3, 3), np.float32)
    bias[1, 1] = 1.0
    params["params"]["Dense_0"]["bias"] = jnp.asarray(bias.reshape(-1))
    output = np.asarray(network.apply(params, jnp.zeros(1), front))
    rows, columns = np.nonzero(np.abs(output).max((0, 3)))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (1, 4, 1, 4)
    np.testing.assert_allclose(np.moveaxis(output, 0, -1), network.apply(params, jnp.zeros(1), behind), rtol=1e-6)


@pytest.mark.parametrize(
    ("network", "input_shape", "output_shape", "message"),
    [
        (Conv(), (7,), (2, 5), r"^Conv takes an image .* got an input of shape \(7,\) and an output of shape \(2, 5\)"),
        (ResNet(), (28, 28), (2, 5), "^ResNet takes an image .*three axes"),
        (Conv(), (3,), (2, 16, 16, 12), r"^Conv must know where .* \(2, 16, 16, 12\): say image_axis, 0 to 1"),
        (Conv(image_axis=2), (3,), (2, 8, 8, 1), "^Conv.image_axis must be .*, got 2: say at most 1"),
        (ResNet(image_axis=0), (3,), (2, 5), "^ResNet takes an image"),
        (Conv((4, 4, 4, 4)), (8, 5, 1), (2, 5), "^Conv.channels must have at most 3 entries for images of 8 × 5"),
        (Conv(), (3,), (1, 1, 4), "^Conv.channels must have at most 0 entries .*take MLP"),
    ],
)
def test_what_is_no_image_is_named(network: Any, input_shape: Any, output_shape: Any, message: str) -> None:
    with pytest.raises(jv.UserError, match=message):
        output_shape_of(network, input_shape, output_shape)


def test_bad_options_are_named() -> None:
    with pytest.raises(jv.UserError, match=r"^Conv.channels must be >= 1, got 0$"):
        Conv((4, 0))
    with pytest.raises(jv.UserError, match=r"^ResNet.channels must have an entry for each halving, got none"):
        ResNet(())
    with pytest.raises(jv.UserError, match=r"^ResNet.features must be >= 1, got -2$"):
        ResNet(features=(-2,))
    with pytest.raises(jv.UserError, match=r"^ResNet.blocks must be >= 1, got 0$"):
        ResNet(blocks=0)
    with pytest.raises(jv.UserError, match=r"^Conv.image_axis must be >= 0, got -1$"):
        Conv(image_axis=-1)
    with pytest.raises(jv.UserError, match=r"^Conv.activation must be one of celu, .*got 'rleu' \(did you mean relu"):
        Conv(activation="rleu")
