"""What a network is: a map from one example to an array of a given shape."""

import abc
import inspect
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import flax.linen as nn

from jaxvae.checks import check_component
from jaxvae.errors import UserError
from jaxvae.typing import Array, Key, Params, Shape


class Network(abc.ABC):
    """A map from one input of any shape to an output of `output_shape`, as two pure functions.

    A Flax Linen module with `__call__(self, x, output_shape)` has exactly these two methods, and works wherever a
    network is expected: in Python as an object, from the shell by the import path of its class, with its fields as
    options. The output shape is an argument, because the posterior (for an encoder) or the likelihood (for a decoder)
    decides it. So nobody writes a last layer by hand.
    """

    flattens: ClassVar[bool] = False
    """Whether it flattens its input: then a condition is appended once, and not at every pixel of an image."""

    @abc.abstractmethod
    def init(self, key: Key, x: Array, output_shape: Shape) -> Params:
        """Draw the parameters for inputs shaped like `x`."""

    @abc.abstractmethod
    def apply(self, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output for one `x`, of shape `output_shape`."""

    @property
    def has_noise(self) -> bool:
        """Whether training calls `apply_with_noise`; by default it does not."""
        return False

    def apply_with_noise(self, key: Key, params: Params, x: Array, output_shape: Shape) -> Array:
        """The output in a training step, with noise of this one example (dropout); by default without."""
        del key
        return self.apply(params, x, output_shape)

    def at_step(self, step: Array) -> Self:
        """This network at a training step: schedules replaced by their numbers; by default itself."""
        del step
        return self


Network.register(nn.Module)  # so that the flag parser takes a class of Linen for one of this family

if TYPE_CHECKING:

    class NetworkLike(Protocol):
        """What stands where a network is expected: a `Network`, or a module of Linen."""

        def init(self, key: Key, x: Array, output_shape: Shape, /) -> Any:
            """Draw the parameters for inputs shaped like `x`."""
            ...

        def apply(self, params: Params, x: Array, output_shape: Shape, /) -> Any:
            """The output for one `x`, of shape `output_shape`."""
            ...
else:
    NetworkLike = Network  # the flag parser finds what a field takes by the base class of the family


def check_networks(owner: object, **networks: Any) -> None:
    """Check that each is a network of the library's kind, or a module of Linen that takes the output shape.

    Raises:
        UserError: naming the field and what came.
    """
    for name, network in networks.items():
        if isinstance(network, nn.Module):
            check_linen(f"{type(owner).__name__}.{name}", network)
        else:
            check_component(owner, Network, **{name: network})


def check_linen(field: str, network: Any) -> None:
    """Check that a module of Linen takes the output shape; networks of other kinds pass.

    Raises:
        UserError: with the signature that is expected.

    >>> check_linen("VAE.encoder", nn.Dense(3))
    Traceback (most recent call last):
    jaxvae.errors.UserError: VAE.encoder must be a Linen module with __call__(self, x, output_shape), got Dense...
    """
    if not isinstance(network, nn.Module):
        return
    calls = [vars(cls)["__call__"] for cls in type(network).__mro__ if "__call__" in vars(cls)]
    names = list(inspect.signature(calls[0]).parameters) if calls else ["none at all"]
    try:
        inspect.signature(calls[0]).bind(network, None, ())
    except (IndexError, TypeError) as error:
        raise UserError(
            f"{field} must be a Linen module with __call__(self, x, output_shape), got {type(network).__name__}, "
            f"whose arguments are {', '.join(names)}: put out an array of output_shape"
        ) from error


def check_variables(field: str, network: Any, variables: Any) -> None:
    """Check that a module of Linen, or one within a wrapper, has no variables but learned ones and those under `fixed`.

    Others, such as the statistics of a batch norm, would be learned by gradient.

    Raises:
        UserError: naming the other collections of variables.

    >>> check_variables("VAE.encoder", nn.BatchNorm(), {"params": {}, "batch_stats": {}})
    Traceback (most recent call last):
    jaxvae.errors.UserError: VAE.encoder must be a function of its input and of learned numbers alone, got BatchNorm...
    """
    while not isinstance(network, nn.Module) and hasattr(network, "network"):
        network = network.network
    others = sorted(set(variables) - {"params", "fixed"}) if isinstance(network, nn.Module) else []
    if others:
        raise UserError(
            f"{field} must be a function of its input and of learned numbers alone, got {type(network).__name__}, "
            f"which also keeps {', '.join(others)}: leave out batch statistics and other state"
        )
