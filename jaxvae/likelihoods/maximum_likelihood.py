"""The start of a likelihood: the best of its members that ignore z."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree

from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.model import ModelParts
from jaxvae.typing import Array, Params

if TYPE_CHECKING:
    from jaxvae.likelihoods.likelihood import Likelihood

_MOST_STEPS = 200  # from the moments most families need ten to forty
_SMALLEST_RATE = 2.0**-8  # of a step that still helps
_SMALLEST_GAIN = 1e-5  # nats an example, of a whole step that another should follow
_NUMBERS = 1_000_000  # of the examples that are fitted to: more would tell the parameters little more exactly
_FEWEST_EXAMPLES = 100
_LEAST_SHARE, _LEAST_INFORMATION = 1e-3, 1e-6  # of the mean of an array; at all


def silent_member(likelihood: "Likelihood", model: ModelParts, own: Params) -> SupportsSampleAndLogProb:
    """p(x|z) if the decoder puts out 0 for every z.

    Args:
        likelihood: the likelihood.
        model: the model, for its `data_shape`.
        own: the likelihood's own parameters.
    """
    return likelihood.distribution(model, {"likelihood": own}, jnp.zeros(likelihood.parameter_shape(model)))


def better_member(likelihood: "Likelihood", model: ModelParts, candidates: Params, examples: Array) -> Params:
    """Of several members that ignore z, the one that makes the examples most probable.

    Args:
        likelihood: the likelihood.
        model: the model.
        candidates: parameters with a leading axis, one entry for each candidate.
        examples: `[n, *data_shape]`.
    """

    def mean_log_prob(own: Params) -> Array:
        p = silent_member(likelihood, model, own)
        return jnp.mean(jax.vmap(p.log_prob)(a_few(examples)))

    best = jnp.argmax(jnp.nan_to_num(jax.lax.map(mean_log_prob, candidates), nan=-jnp.inf))
    return jax.tree.map(lambda leaf: leaf[best], candidates)


def a_few(examples: Array, numbers: int = _NUMBERS) -> Array:
    """Examples spread evenly over all: at most `numbers` numbers, but at least 100 examples if there are so many.

    >>> a_few(jnp.arange(500.0).reshape(250, 2), 400)[:, 0].tolist()[:3]
    [0.0, 2.0, 4.0]
    """
    count = min(len(examples), max(_FEWEST_EXAMPLES, numbers // max(examples[0].size, 1)))
    return examples[jnp.linspace(0, len(examples) - 1, count).astype(int)]


class _Place(NamedTuple):
    """Parameters in units of their information, the log-probability of the examples, and its gradient."""

    moved: Array
    mean_log_prob: Array
    state: optax.OptState
    direction: Array
    gradient: Array
    units: Array
    is_fresh: Array
    """Whether L-BFGS was started again here: then it knows only the gradient."""


def maximum_likelihood(
    member: Callable[[Params], SupportsSampleAndLogProb],
    own: Params,
    examples: Array,
    most_steps: int = _MOST_STEPS,
) -> Params:
    """The parameters of a family that make the examples most probable.

    argmax_θ Σ_i log p(x_i; θ)

    By L-BFGS (Liu and Nocedal 1989), with each parameter in units of 1 / √(its Fisher information at the start). A step
    that makes the examples less probable is undone and halved; if none helps, L-BFGS starts again. The gradients of all
    examples are in memory at once. They are computed at one place of the program, because densities with log Γ take
    seconds to compile.

    Args:
        member: from parameters to the member of the family that has them.
        own: the start, such as the parameters that match the moments; floats only.
        examples: `[n, *data_shape]`.
        most_steps: largest number of steps [steps].

    Returns:
        Parameters like `own` that are never worse.

    Example:
        >>> from jaxvae.distributions import Poisson
        >>> x = jnp.array([[2.0], [3.0], [7.0]])
        >>> own = maximum_likelihood(lambda own: Poisson(jnp.exp(own["log_rate"])), {"log_rate": jnp.zeros(1)}, x)
        >>> jnp.exp(own["log_rate"]).round(2).tolist()  # the mean
        [4.0]
    """
    start, unravel = ravel_pytree(own)
    optimizer = optax.scale_by_lbfgs()

    def log_prob(parameters: Array, x: Array) -> Array:
        return member(unravel(parameters)).log_prob(x)

    def place(moved: Array, state: optax.OptState, units: Array, is_first: Array) -> _Place:
        """Value and gradient at `start + units · moved`; the first call also finds the units."""
        values, gradients = jax.vmap(jax.value_and_grad(log_prob), (None, 0))(start + units * moved, examples)
        squares = unravel(jnp.mean(gradients**2, axis=0))
        units = jnp.where(is_first, ravel_pytree(jax.tree.map(_unit, squares))[0], units)
        with jax.numpy_dtype_promotion("standard"):
            gradient = units * jnp.mean(gradients, axis=0)
            direction, state = optimizer.update(-gradient, state, moved)
        return _Place(moved, jnp.mean(values), state, -jnp.asarray(direction), gradient, units, jnp.asarray(False))

    def fresh(place: _Place) -> _Place:
        """Forget the curvature, which did not help."""
        direction = place.gradient / jnp.maximum(jnp.linalg.norm(place.gradient), 1e-12)
        return place._replace(state=optimizer.init(zeros), direction=direction, is_fresh=jnp.asarray(True))

    def step(carry: tuple[_Place, Array, Array]) -> tuple[_Place, Array, Array]:
        best, rate, count = carry
        tried = place(best.moved + rate * best.direction, best.state, best.units, count == 0)
        gain = tried.mean_log_prob - best.mean_log_prob
        is_better = gain > 0.0  # not where it is NaN
        best = jax.tree.map(lambda new, old: jnp.where(is_better, new, old), tried, best)
        has_arrived = (rate == 1.0) & (gain <= _SMALLEST_GAIN)  # a shorter step gains little on its way round a corner
        next_rate = jnp.where(is_better, jnp.where(has_arrived, 0.0, 1.0), 0.5 * rate)
        is_stuck = ~is_better & (next_rate < _SMALLEST_RATE) & ~best.is_fresh
        best = jax.tree.map(lambda new, old: jnp.where(is_stuck, new, old), fresh(best), best)
        return best, jnp.where(is_stuck, 1.0, next_rate), count + 1

    def goes_on(carry: tuple[_Place, Array, Array]) -> Array:
        return (carry[1] >= _SMALLEST_RATE) & (carry[2] < most_steps)

    zeros, one, units = jnp.zeros_like(start), jnp.ones_like(start[0]), jnp.ones_like(start)
    no = jnp.asarray(False)
    anywhere = _Place(zeros, -jnp.inf * one, optimizer.init(zeros), zeros, zeros, units, no)  # the first look is better
    best, _, _ = jax.lax.while_loop(goes_on, step, (anywhere, one, jnp.zeros((), jnp.int32)))
    return unravel(start + best.units * best.moved)


def _unit(information: Array) -> Array:
    """1 / √F, bounded for entries without information, such as pixels that never change."""
    return jnp.maximum(information, jnp.maximum(_LEAST_SHARE * jnp.mean(information), _LEAST_INFORMATION)) ** -0.5
