"""The number of parts of a step for which each stays within a processor's cache."""

import math
from collections.abc import Callable
from typing import Any

import jax

from jaxvae.fast.switch import is_fast
from jaxvae.typing import Params, PyTree

CACHE = 20 * 2**20  # bytes of values kept for a gradient, by measurements on a processor whose last cache is 32 MiB


def fitting_parts(loss: Callable[..., Any], params: Params, arguments: PyTree) -> int:
    """Parts of a batch, whose gradients are computed one after the other; whole, the batch is 1 part.

    Args:
        loss: `(params, *arguments)` to a loss and metrics, a mean over the examples.
        params: the gradient is by these.
        arguments: arrays of one example a row, `[batch, …]`.
    """
    return fast_fitting_parts(loss, params, arguments) if is_fast() else 1


def fast_fitting_parts(loss: Callable[..., Any], params: Params, arguments: PyTree) -> int:
    """Parts, each with values kept for the gradient that fit `CACHE`: 1 but on a CPU, and on a mesh.

    The values of b examples take s + b e bytes, where s (parameters, and what all examples share) is there again in
    each part. The parts are the fewest that divide the batch and fit; 1 where that takes more than twice as many as fit
    without dividing it, or all s would exceed all e: then more is lost by small parts than gained.
    """
    is_on_mesh = not jax.sharding.get_abstract_mesh().empty
    if jax.default_backend() != "cpu" or is_on_mesh:
        return 1
    batch = jax.tree.leaves(arguments)[0].shape[0]
    one, two = (_kept_bytes(loss, params, arguments, count) for count in (1, 2))
    of_all, shared = batch * (two - one), 2 * one - two
    if shared >= CACHE:
        return 1
    needed = math.ceil(of_all / (CACHE - shared))
    fitting = (parts for parts in range(needed, 2 * needed + 1) if parts and batch % parts == 0)
    parts = next(fitting, 1)
    return parts if parts * shared <= of_all else 1


def _kept_bytes(loss: Callable[..., Any], params: Params, arguments: PyTree, count: int) -> int:
    """Bytes that a gradient of so many examples keeps from the forward pass, including the parameters."""

    def backward(params: Params, *arguments: Any) -> Any:
        return jax.vjp(lambda params: loss(params, *arguments), params, has_aux=True)[1]

    few = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((count, *leaf.shape[1:]), leaf.dtype), arguments)
    kept = jax.tree.leaves(jax.eval_shape(backward, params, *few))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in kept)
