"""An optimizer of the user's: a transformation of Optax, or the import path of a function that returns one."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jaxvae.calls import called, check_options, parsed
from jaxvae.errors import UserError
from jaxvae.import_path import imported
from jaxvae.typing import PyTree

_WHO = "`optimizer`"
_WANTED = "an optax.GradientTransformation, such as optax.chain(...) or optax.adam(...)"


def check_transformation(own: Any) -> None:
    """Check what can be checked before the length of the run is known.

    Raises:
        UserError: if it is no transformation, or no function that can be called with these options lies at the path.
    """
    if not isinstance(own, str):
        _check_type(own, "Optimizer.optimizer must be", got="")
        return
    call = parsed(own, _WHO)
    found = imported(call.path, _WHO)
    if isinstance(found, optax.GradientTransformation):
        if call.options:
            raise UserError(f"{_WHO} {call.path} is a chain and no function, so it takes no options; got {own}")
        return
    if not callable(found):
        _check_type(found, f"{_WHO} takes a function that returns {_WANTED}, or", got=f" at {call.path}")
    check_options(found, call, _WHO, ("num_steps",))


def own_transformation(own: Any, total_steps: int) -> optax.GradientTransformation:
    """The transformation itself, or the one that the function at an import path returns.

    Args:
        own: a transformation, or an import path with options.
        total_steps: of the whole run; a function gets them where it has a parameter `num_steps` [steps].

    Raises:
        UserError: if the function returns something else, or if the chain needs more than gradients and parameters;
            in use, if its updates or its state have another structure than what it was given.
    """
    found = own
    if isinstance(own, str):
        found = imported(parsed(own, _WHO).path, _WHO)
        if not isinstance(found, optax.GradientTransformation):
            found = called(own, _WHO, {"num_steps": total_steps})
        _check_type(found, f"{_WHO} {own} must return", got="")

    def update(updates: PyTree, state: PyTree, params: PyTree = None) -> tuple[PyTree, PyTree]:
        try:
            new_updates, new_state = found.update(updates, state, params)
        except TypeError as error:
            missing = re.search("missing .* required .*argument.*: (.+)", str(error))
            if missing is None:
                raise
            raise UserError(
                f"{_WHO} must be a chain that needs gradients and parameters alone, got one that also needs "
                f"{missing[1]}: take another"
            ) from error
        _check_same("updates", "the gradients", updates, new_updates)
        _check_same("a state", "the state before", state, new_state)
        return new_updates, new_state

    return optax.GradientTransformation(found.init, update)


def _check_type(found: Any, start: str, got: str) -> None:
    if not isinstance(found, optax.GradientTransformation):
        what = f"the class {found.__name__}" if isinstance(found, type) else f"an object of {type(found).__name__}"
        raise UserError(f"{start} {_WANTED}; got {what}{got}")


def _check_same(what: str, of: str, before: PyTree, after: PyTree) -> None:
    """Check that a tree has the structure and shapes of another; else arrays would be broadcast silently."""
    expected, found = _shapes(before), _shapes(after)
    if expected != found:
        name = next(iter([name for name in {**expected, **found} if expected.get(name) != found.get(name)]))
        raise UserError(
            f"{_WHO} must be a chain that returns {what} of the structure of {of}, got {found.get(name, 'nothing')} "
            f"for {name}, where {expected.get(name, 'nothing')} is expected: mend its update"
        )


def _shapes(tree: PyTree) -> dict[str, tuple[int, ...]]:
    """The shape of each leaf by its path."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): jnp.shape(leaf) for path, leaf in leaves}
