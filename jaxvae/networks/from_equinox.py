"""An Equinox module as a network."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax

from jaxvae.errors import UserError
from jaxvae.networks.foreign import call, check_built, check_learned, filled, imported, nested_dict
from jaxvae.networks.network import Network
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, PyTree, Shape


@dataclass
class FromEquinox(Network):
    """An Equinox module as a network: `build(key, input_shape, output_shape)` makes it.

    The module takes ONE example and its output is reshaped to the output shape. All its arrays must be floats, and all
    are learned; `params` is a plain nested dict of them. `build` can be a class that takes these three arguments.

    Args:
        build: function or class at the top level of a file, or its import path, my_module.build. A new function object,
            such as a new lambda, is compiled again.

    Raises:
        UserError: if `build` cannot be imported; if its result is not an equinox.Module, holds integer arrays or has an
            output of another size; or if Equinox is not installed.

    Example:
        >>> import equinox as eqx
        >>> def build(key, input_shape, output_shape):
        ...     return eqx.nn.Linear(*input_shape, *output_shape, key=key)
        >>> network, x = FromEquinox(build), jax.numpy.ones(3)
        >>> params = network.init(jax.random.key(0), x, (5,))
        >>> jax.tree.map(jax.numpy.shape, params)
        {'bias': (5,), 'weight': (5, 3)}
        >>> network.apply(params, x, (5,)).shape
        (5,)
    """

    build: str | Callable[..., Any]

    def __post_init__(self) -> None:
        imported(self, self.build)

    def init(self, key: Key, x: Array, output_shape: Shape) -> Params:
        """The parameters of a new module, in the precision of `x`."""
        learned, _ = self._split(self._module(key, x, output_shape))
        return nested_dict(learned, x.dtype)

    def apply(self, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output for one `x`, of shape `output_shape`."""
        eqx = _equinox()
        shapes = eqx.filter_eval_shape(lambda: self._module(jax.random.key(0), x, output_shape))
        learned, rest = self._split(shapes)
        return call(self, eqx.combine(filled(learned, params), rest), x, output_shape)

    def _module(self, key: Key, x: Array, output_shape: Shape) -> Any:
        module = imported(self, self.build)(key, x.shape, output_shape)
        check_built(self, module, _equinox().Module)
        return module

    def _split(self, module: Any) -> tuple[PyTree, PyTree]:
        """Its arrays (or their shapes), and the rest."""
        learned, rest = _equinox().partition(module, lambda leaf: isinstance(leaf, (jax.Array, jax.ShapeDtypeStruct)))
        others = [
            leaf.dtype for leaf in jax.tree.leaves(learned) if not jax.numpy.issubdtype(leaf.dtype, jax.numpy.floating)
        ]
        check_learned(self, [f"an array of {dtype}" for dtype in others])
        return learned, rest


def _equinox() -> ModuleType:
    try:
        import equinox
    except ImportError as error:
        raise UserError("FromEquinox needs Equinox, which is not installed: pip install equinox") from error
    return equinox
