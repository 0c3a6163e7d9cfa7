"""Objectives with one bound for the generative model (decoder, prior) and another for the inference network."""

from typing import Literal

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.draw import Model
from jaxvae.errors import UserError
from jaxvae.numerics import log_mean_exp
from jaxvae.objectives.estimators import (
    ESTIMATORS,
    Draws,
    Estimator,
    PathOnly,
    ScoreOnly,
    check_estimator,
    monte_carlo_bound,
    sample_keys,
)
from jaxvae.objectives.importance_weighted import MIWAE, bound_metrics
from jaxvae.objectives.objective import Bound
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params


def _generative(model: Model, params: Params, key: Key, x: Array, num_draws: int) -> Draws:
    """The importance-weighted bound of ONE example, with gradients for all but the posterior of x."""
    posterior = jax.lax.stop_gradient(model.encode(params, x))
    return monte_carlo_bound(log_mean_exp, model, params, key, x, num_draws, posterior=posterior)


def _gradient_of(value: Array) -> Array:
    """0, with the gradient of `value`."""
    return value - jax.lax.stop_gradient(value)


@dataclass
class PIWAE(Bound):
    """IWAE with all M · K draws for the generative model, MIWAE with M groups of K draws for the inference network.

    Both from the same draws; the value is that of IWAE. Rainforth et al. 2018, section 5.

    Args:
        num_groups: M [groups an example].
        num_samples: K [draws a group].
        estimator: of the inference network's gradient, as for IWAE.

    Raises:
        UserError: for M or K below 1 or an unknown estimator.
    """

    num_groups: int = 8
    num_samples: int = 8
    estimator: Estimator = "reparameterized"
    monitor = "bound"

    def __post_init__(self) -> None:
        check_range(self, at_least=1, num_groups=self.num_groups, num_samples=self.num_samples)
        check_choice(self, ESTIMATORS, estimator=self.estimator)

    def bound(self, model: Model, params: Params, step: Array, key: Key, x: Array) -> tuple[Array, Metrics]:
        """The bound of ONE example, with the two gradients."""
        del step
        theirs = MIWAE(self.num_groups, self.num_samples, self.estimator)
        result = _generative(model, params, key, x, theirs.num_draws)
        inference = monte_carlo_bound(
            theirs.combine,
            model,
            jax.lax.stop_gradient(params),
            jax.random.clone(key),
            x,
            theirs.num_draws,
            self.estimator,
            posterior=model.encode(params, x),
        )
        return result.value + _gradient_of(inference.value), bound_metrics(result)

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """The bound of ONE example, and the true ELBO and its terms, nats."""
        return bound_metrics(_generative(model, params, key, x, self.num_groups * self.num_samples))


@dataclass
class ReweightedWakeSleep(Bound):
    """Reweighted wake-sleep: IWAE for the generative model, KL(p(z|x) ‖ q(z|x)) for the inference network.

    wake:  Σ_k w̃_k ∇_φ log q(z_k|x),  w̃ = softmax(log w);   sleep:  ∇_φ log q(z|x'),  z ~ p(z), x' ~ p(x|z)

    Works with discrete latents, and with `doubly_reparameterized` the wake gradient becomes
    Σ_k (w̃_k − w̃_k²) ∂log w_k/∂z_k ∂z_k/∂φ (Tucker et al. 2019, equation 10). Bornschein and Bengio 2015, equations
    8 and 9.

    Args:
        num_samples: K [draws an example].
        phases: from what the inference network learns: wake, sleep or both (their mean).
        estimator: of the wake gradient: score_function or doubly_reparameterized.

    Raises:
        UserError: for K below 1 or an unknown name.
    """

    num_samples: int = 5
    phases: Literal["wake", "sleep", "both"] = "wake"
    estimator: Literal["score_function", "doubly_reparameterized"] = "score_function"
    monitor = "bound"

    def __post_init__(self) -> None:
        check_range(self, at_least=1, num_samples=self.num_samples)
        check_choice(self, ("wake", "sleep", "both"), phases=self.phases)
        check_choice(self, ("score_function", "doubly_reparameterized"), estimator=self.estimator)
        if self.phases == "wake" and self.num_samples == 1:
            raise UserError(
                "ReweightedWakeSleep.num_samples must be >= 2 where the encoder learns awake, got 1: the share of one "
                "draw is always 1, and tells it nothing"
            )

    def bound(self, model: Model, params: Params, step: Array, key: Key, x: Array) -> tuple[Array, Metrics]:
        """The importance-weighted bound of ONE example, with the two gradients."""
        del step
        wake_key, sleep_key = jax.random.clone(key), jax.random.fold_in(key, 1)
        result = _generative(model, params, key, x, self.num_samples)
        gains: list[Array] = []
        if self.phases != "sleep":
            gains.append(self._wake(model, params, wake_key, x, result.draws.log_weight))
        if self.phases != "wake":
            gains.append(self._sleep(model, params, sleep_key))
        return result.value + _gradient_of(jnp.mean(jnp.stack(gains))), bound_metrics(result)

    def _wake(self, model: Model, params: Params, key: Key, x: Array, log_weights: Array) -> Array:
        """A value whose gradient in φ is that of the wake phase."""
        posterior, constants = model.encode(params, x), jax.lax.stop_gradient(params)
        weights = jax.lax.stop_gradient(jax.nn.softmax(log_weights))
        keys = sample_keys(key, self.num_samples)
        if self.estimator == "doubly_reparameterized":
            check_estimator(model, posterior, self.estimator, others="score_function")
            factors = weights * (1.0 - weights)
            draws = jax.vmap(lambda key, factor: model.draw(constants, key, x, posterior=PathOnly(posterior, factor)))
            return jnp.sum(draws(keys, factors).log_weight)
        draws = jax.vmap(lambda key: model.draw(constants, key, x, posterior=ScoreOnly(posterior)))(keys)
        return jnp.sum(weights * draws.log_posterior)

    def _sleep(self, model: Model, params: Params, key: Key) -> Array:
        """log q(z|x') of a pair that the model made up."""
        constants = jax.lax.stop_gradient(params)
        prior_key, likelihood_key = jax.random.split(key)
        z = model.sample_prior(constants, prior_key)
        x = jax.lax.stop_gradient(model.decode(constants, z).sample(likelihood_key))
        return model.encode(params, x).log_prob(jax.lax.stop_gradient(z))

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """The bound of ONE example, and the true ELBO and its terms, nats."""
        return bound_metrics(_generative(model, params, key, x, self.num_samples))


@dataclass
class ChiUpperBound(Bound):
    """Sandwich log p(x): IWAE from below for the generative model, the χ bound from above for the inference network.

    The inference network minimises CUBO_n(x) = (1/n) log E_q[w^n] ≥ log p(x), which makes q cover all of p(z|x).
    Dieng et al. 2017, equation 3 and algorithm 1.

    Args:
        order: n ≥ 1; 2 is the χ² divergence.
        num_samples: K [draws an example].
        estimator: of the inference network's gradient, as for IWAE.

    Raises:
        UserError: for an order below 1, K below 1 or an unknown estimator.
    """

    order: float = 2.0
    num_samples: int = 10
    estimator: Estimator = "reparameterized"
    monitor = "bound"

    def __post_init__(self) -> None:
        check_range(self, at_least=1.0, order=self.order)
        check_range(self, at_least=1, num_samples=self.num_samples)
        check_choice(self, ESTIMATORS, estimator=self.estimator)

    def bound(self, model: Model, params: Params, step: Array, key: Key, x: Array) -> tuple[Array, Metrics]:
        """The lower bound of ONE example, with the two gradients."""
        del step
        result = _generative(model, params, key, x, self.num_samples)
        upper = monte_carlo_bound(
            lambda log_weights: chi_upper_bound(log_weights, self.order),
            model,
            jax.lax.stop_gradient(params),
            jax.random.clone(key),
            x,
            self.num_samples,
            self.estimator,
            posterior=model.encode(params, x),
        )
        return result.value - _gradient_of(upper.value), {**bound_metrics(result), "upper_bound": upper.value}

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """Both bounds of ONE example, and the true ELBO and its terms, nats."""
        result = _generative(model, params, key, x, self.num_samples)
        return {**bound_metrics(result), "upper_bound": chi_upper_bound(result.draws.log_weight, self.order)}


def chi_upper_bound(log_weights: Array, order: float = 2.0) -> Array:
    """The χ upper bound of log p(x) by K draws, nats, `[]`.

    CUBO_n(x) = (1/n) log E_q[w^n] ≥ log p(x), n ≥ 1. By K draws it is (1/n) log (1/K) Σ_k w_k^n, whose exponential is
    unbiased; its own mean lies below CUBO_n, so it bounds log p(x) only for a K large enough. Dieng et al. 2017,
    equation 3.

    Args:
        log_weights: `[K]`.
        order: n.

    Example:
        >>> float(chi_upper_bound(jnp.array([-1.0, -1.0, -1.0])))  # the exact posterior: all weights are p(x)
        -1.0
    """
    return log_mean_exp(order * log_weights) / order
