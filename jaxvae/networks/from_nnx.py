"""A Flax NNX module as a network."""

from collections.abc import Callable
from typing import Any

import jax
from flax import nnx

from jaxvae.networks.foreign import call, check_built, check_learned, filled, imported, nested_dict
from jaxvae.networks.network import Network
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, PyTree, Shape


@dataclass
class FromNNX(Network):
    """A Flax NNX module as a network: `build(rngs, input_shape, output_shape)` makes it.

    The module takes ONE example and its output is reshaped to the output shape. It may hold only `nnx.Param`; `params`
    is a plain nested dict of them. `build` can be a class that takes these three arguments.

    Args:
        build: function or class at the top level of a file, or its import path, my_module.build. A new function object,
            such as a new lambda, is compiled again.

    Raises:
        UserError: if `build` cannot be imported, or if its result is not an nnx.Module, holds more than parameters or
            has an output of another size.

    Example:
        >>> from flax import nnx
        >>> class Linear(nnx.Module):
        ...     def __init__(self, rngs, input_shape, output_shape):
        ...         self.linear = nnx.Linear(*input_shape, *output_shape, rngs=rngs)
        ...
        ...     def __call__(self, x):
        ...         return self.linear(x)
        >>> network, x = FromNNX(Linear), jax.numpy.ones(3)
        >>> params = network.init(jax.random.key(0), x, (5,))
        >>> jax.tree.map(jax.numpy.shape, params)
        {'linear': {'bias': (5,), 'kernel': (3, 5)}}
        >>> network.apply(params, x, (5,)).shape
        (5,)
    """

    build: str | Callable[..., Any]

    def __post_init__(self) -> None:
        imported(self, self.build)

    def init(self, key: Key, x: Array, output_shape: Shape) -> Params:
        """The parameters of a new module, in the precision of `x`."""
        _, learned = self._split(self._module(key, x, output_shape))
        return nested_dict(learned, x.dtype)

    def apply(self, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output for one `x`, of shape `output_shape`."""
        shapes = nnx.eval_shape(lambda: self._module(jax.random.key(0), x, output_shape))
        graph, learned = self._split(shapes)
        return call(self, nnx.merge(graph, filled(learned, params)), x, output_shape)

    def _module(self, key: Key, x: Array, output_shape: Shape) -> nnx.Module:
        module = imported(self, self.build)(nnx.Rngs(key), x.shape, output_shape)
        check_built(self, module, nnx.Module)
        return module

    def _split(self, module: nnx.Module) -> tuple[nnx.GraphDef[nnx.Module], PyTree]:
        graph, learned, others = nnx.split(module, nnx.Param, ...)
        check_learned(self, [type(variable).__name__ for _, variable in nnx.to_flat_state(others)])
        return graph, nnx.to_pure_dict(learned)
