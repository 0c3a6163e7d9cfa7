"""Bounds of several draws, and how their gradient is estimated: one function for every bound.

A bound is a function B of the log weights of K draws. Every estimator below has the value B(log w_1, …, log w_K); only
the gradients differ.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.distributions import is_reparameterized, is_straight_through, sample_and_log_prob
from jaxvae.draw import Draw
from jaxvae.keys import same_draws
from jaxvae.model import Model
from jaxvae.objectives.requirements import check_posterior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params

Estimator = Literal["reparameterized", "sticking_the_landing", "doubly_reparameterized", "score_function"]
ESTIMATORS = ("reparameterized", "sticking_the_landing", "doubly_reparameterized", "score_function")
Combine = Callable[[Array], Array]
"""From the log weights of K draws, `[K]`, to a bound, `[]`."""


class Draws(NamedTuple):
    """A bound with its estimated gradient, and the draws that it is computed from."""

    value: Array
    """B(log w), nats, `[]`."""
    draws: Draw
    """Every field with a leading axis `[K]`."""


def monte_carlo_bound(
    combine: Combine,
    model: Model,
    params: Params,
    key: Key,
    x: Array,
    num_samples: int,
    estimator: Estimator = "reparameterized",
    posterior: Any = None,
) -> Draws:
    """A bound of ONE example from K draws, with the gradient of the chosen estimator.

    With v_k = ∂B/∂log w_k and z_k = z(ε_k, φ):

    - `reparameterized`: ∇B through everything.
    - `sticking_the_landing`: without the term −Σ_k v_k ∇_φ log q(z_k) (Roeder, Wu and Duvenaud 2017, equation 8):
      unbiased only for the ELBO, with variance 0 at the exact posterior.
    - `doubly_reparameterized`: that term reparameterized once more, which leaves
      Σ_k (v_k − ∂v_k/∂log w_k) ∂log w_k/∂z_k ∂z_k/∂φ, unbiased for any smooth B (Tucker et al. 2019, section 3; for
      IWAE the factor is w̃_k²).
    - `score_function`: no gradient through z; B · ∇ Σ_k log q(z_k) with the leave-one-out baseline of each draw, B with
      log w_k replaced by the mean of the others (VIMCO: Mnih and Rezende 2016, equation 10). A posterior that is not
      reparameterized (discrete latents) always gets it.

    Args:
        combine: B.
        model: the model description.
        params: all parameters.
        key: for the draws; with one draw it is the key of that draw.
        x: one example, `data_shape`.
        num_samples: K [draws].
        estimator: of the gradient.
        posterior: q(z|x) if it is known already; by default `x` is encoded once.

    Raises:
        UserError: for K below 1, or an estimator that the posterior does not have.
    """
    check_range(monte_carlo_bound, at_least=1, num_samples=num_samples)
    check_choice(monte_carlo_bound, ESTIMATORS, estimator=estimator)
    q = model.encode(params, x) if posterior is None else posterior
    check_estimator(model, q, estimator)

    def draw(key: Key, posterior: Any) -> Draw:
        return model.draw(params, key, x, posterior=posterior)

    keys = sample_keys(key, num_samples)
    if estimator == "doubly_reparameterized":
        # a first pass for the factors; XLA shares its forward computation with the second
        first = jax.vmap(draw, (0, None))(same_draws(keys), jax.lax.stop_gradient(q))
        factors = _path_factors(combine, jax.lax.stop_gradient(first.log_weight))
        draws = jax.vmap(lambda key, factor: draw(key, PathOnly(q, factor)))(keys, factors)
    else:
        draws = jax.vmap(draw, (0, None))(keys, seen_by_gradient(q, estimator))
    value = combine(draws.log_weight)
    if estimator == "score_function" or not is_reparameterized(q):
        signals = jax.lax.stop_gradient(_leave_one_out_signals(combine, draws.log_weight))
        value += jnp.sum(signals * (draws.score - jax.lax.stop_gradient(draws.score)))
    return Draws(value, draws)


def check_estimator(
    model: Model, q: Any, estimator: Estimator, others: Sequence[str] = ("reparameterized", "score_function")
) -> None:
    """Refuse an estimator that the posterior does not have; `others` are those that every posterior has."""
    if estimator in ("sticking_the_landing", "doubly_reparameterized"):
        owner = f"the estimator {estimator}"
        fix = " or ".join(f"`objective.estimator={other!r}`" for other in others)
        check_posterior(owner, "a posterior whose draws pass their own gradient", _passes_own, model, q, fix=fix)


def _passes_own(q: Any) -> bool:
    """Whether draws pass their own gradient, and not one copied straight through."""
    return is_reparameterized(q) and not is_straight_through(q)


def seen_by_gradient(posterior: Any, estimator: Estimator) -> Any:
    """q(z|x) with the gradient of an estimator that needs no log weights."""
    if estimator == "sticking_the_landing":
        return PathOnly(posterior, 1.0)
    return ScoreOnly(posterior) if estimator == "score_function" else posterior


def sample_keys(key: Key, num_samples: int) -> Key:
    """K keys for K draws. One draw uses the key itself, so that every bound of one draw is the ELBO of that key."""
    return key[None] if num_samples == 1 else jax.random.split(key, num_samples)


def _path_factors(combine: Combine, log_weights: Array) -> Array:
    """1 − (∂v_k/∂log w_k) / v_k, `[K]`: what the gradient through z_k is multiplied by."""
    weights, hessian = jax.grad(combine)(log_weights), jax.hessian(combine)(log_weights)
    curvature = jnp.diagonal(hessian)
    return 1.0 - curvature / jnp.where(weights == 0.0, 1.0, weights)  # a weight that underflows has no gradient anyway


def mean_of_others(values: Array) -> Array:
    """The mean of all values but one, for each of K ≥ 2 of them, `[K]`: a baseline that its own draw has no part in.

    >>> mean_of_others(jnp.array([1.0, 2.0, 6.0])).tolist()
    [4.0, 3.5, 1.5]
    """
    return (jnp.sum(values) - values) / (values.shape[0] - 1)


def _leave_one_out_signals(combine: Combine, log_weights: Array) -> Array:
    """B(log w) − B(log w with its k-th replaced by the mean of the others), `[K]`; for K = 1 B itself."""
    count = log_weights.shape[0]
    if count == 1:
        return combine(log_weights)[None]
    others = mean_of_others(log_weights)
    replaced = jnp.where(jnp.eye(count, dtype=bool), others[:, None], log_weights[None, :])
    return combine(log_weights) - jax.vmap(combine)(replaced)


@dataclass
class PathOnly:
    """A posterior whose parameters get a gradient only through z, multiplied by `factor`.

    Args:
        posterior: q(z|x), reparameterized.
        factor: `[]`.
    """

    posterior: Any
    factor: Array | float

    def sample(self, key: Key) -> Array:
        """z ~ q."""
        return scale_gradient(self.posterior.sample(key), jnp.asarray(self.factor))

    def log_prob(self, value: Array) -> Array:
        """log q(z) with constants for q's parameters."""
        return jax.lax.stop_gradient(self.posterior).log_prob(value)


@dataclass
class ScoreOnly:
    """A posterior without gradients through z.

    Args:
        posterior: q(z|x).
    """

    posterior: Any
    is_reparameterized: bool = False

    def sample(self, key: Key) -> Array:
        """z ~ q, a constant."""
        return jax.lax.stop_gradient(self.posterior.sample(key))

    def log_prob(self, value: Array) -> Array:
        """log q(z)."""
        return self.posterior.log_prob(value)

    def sample_and_log_prob(self, key: Key) -> tuple[Array, Array]:
        """z ~ q, a constant, and log q(z)."""
        value = jax.lax.stop_gradient(sample_and_log_prob(key, self.posterior)[0])
        return value, self.posterior.log_prob(value)


@jax.custom_jvp
def scale_gradient(value: Array, factor: Array) -> Array:
    """`value`, whose gradient is multiplied by `factor`, a constant; in forward and in reverse mode."""
    del factor
    return value


@scale_gradient.defjvp
def _(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    value, factor = primals
    return scale_gradient(value, factor), jax.lax.stop_gradient(factor) * tangents[0]
