"""The masked network of autoregressive models: its output for one dimension depends only on the earlier ones."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.checks import check_choice, check_range
from jaxvae.fast import plus_bias, row_products
from jaxvae.networks.activations import ACTIVATIONS
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

INITIAL_OUTPUT_SCALE = 0.01  # of the last layer's weights: a new network puts out nearly its biases, which are 0


def weight_ndims(weights: Params) -> tuple[int, ...]:
    """Axes of each weight of a MADE that are not batch axes, in the order of its leaves."""
    return tuple({"bias": 1, "kernel": 2}[path[-1].key] for path, _ in jax.tree.leaves_with_path(weights))


def batch_shape(weights: Params) -> Shape:
    """The batch axes before those of the weights of a MADE."""
    leaves = zip(jax.tree.leaves(weights), weight_ndims(weights), strict=True)
    return np.broadcast_shapes(*(leaf.shape[: leaf.ndim - ndim] for leaf, ndim in leaves))


@dataclass
class MADE:
    """A multi-layer perceptron with masked weights: output[:, d] is a function of z_1 … z_{d−1} and the context.

    Every unit has a degree: input z_d and the outputs of dimension d have d, the context has 0. The degrees of hidden
    units are spread evenly over 1 … D − 1 (0 … D − 1 with a context, so that the first dimension sees it). A weight is
    kept if the degree of its input is at most that of its output; in the last layer it must be less. Germain, Gregor,
    Murray and Larochelle 2015, section 3.

    Args:
        dim: D, dimensions of z.
        num_outputs: number of outputs for each dimension.
        context_dim: length of the vector that all dimensions depend on.
        features: widths of the hidden layers, in order [units]; with at least `dim` units each, every dimension can
            pass.
        activation: after each hidden layer, as in `MLP`.
        num_inputs: number of inputs for each dimension, side by side, such as the classes of a one-hot vector.

    Raises:
        UserError: for a size below 1 or an unknown activation.

    Example:
        >>> made = MADE(dim=3, num_outputs=2)
        >>> made.apply(made.init(jax.random.key(0)), jnp.ones(3)).shape
        (2, 3)
    """

    dim: int
    num_outputs: int = 1
    context_dim: int = 0
    features: tuple[int, ...] = (64, 64)
    activation: str = "relu"
    num_inputs: int = 1

    def __post_init__(self) -> None:
        for size in self.features:
            check_range(self, at_least=1, features=size)
        check_choice(self, ACTIVATIONS, activation=self.activation)

    @property
    def _masks(self) -> list[np.ndarray]:
        """Which weights are kept, a matrix `[in, out]` a layer."""
        least = 0 if self.context_dim or self.dim == 1 else 1
        order = np.arange(1, self.dim + 1)
        degrees = [np.concatenate([np.zeros(self.context_dim, int), np.repeat(order, self.num_inputs)])]
        degrees += [np.linspace(least, self.dim - 1, size).round().astype(int) for size in self.features]
        hidden = [below[:, None] <= above for below, above in itertools.pairwise(degrees)]
        return [*hidden, degrees[-1][:, None] < np.tile(order, self.num_outputs)]

    def init(self, key: Key) -> Params:
        """Draw the weights: N(0, 1 / kept inputs), those of the last layer times 0.01; biases are 0."""
        masks = self._masks
        weights = {}
        for index, (mask, layer_key) in enumerate(zip(masks, jax.random.split(key, len(masks)), strict=True)):
            scale = np.maximum(mask.sum(0), 1) ** -0.5 * (INITIAL_OUTPUT_SCALE if index == len(masks) - 1 else 1.0)
            kernel = jax.random.normal(layer_key, mask.shape)
            kernel *= jnp.asarray(mask * scale, kernel.dtype)
            weights[f"layer_{index}"] = {"kernel": kernel, "bias": jnp.zeros(mask.shape[1])}
        return weights

    def apply(self, weights: Params, z: Array, context: Array | None = None) -> Array:
        """The outputs for one `z`, `[dim · num_inputs]`: `[num_outputs, dim]`."""
        x = jnp.concatenate([context, z]) if context is not None and context.size else z
        for index, mask in enumerate(self._masks):
            layer = weights[f"layer_{index}"]
            x = ACTIVATIONS[self.activation](x) if index else x
            x = plus_bias(row_products(x, jnp.where(mask, layer["kernel"], 0.0)), layer["bias"])
        return x.reshape(self.num_outputs, self.dim)
