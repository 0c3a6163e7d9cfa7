"""Objectives with one bound for the generative model (decoder, prior) and another for the inference network."""

from typing import Literal

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.errors import UserError
from jaxvae.keys import Purpose, key_for, same_draws
from jaxvae.model import Model
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
from jaxvae.objectives.scoring import Scoring
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params


def _generative(model: Model, params: Params, key: Key, x: Array, num_draws: int) -> Draws:
    """The importance-weighted bound of ONE example, with gradients for all but the posterior of x."""
    posterior = jax.lax.stop_gradient(model.encode(params, x))
    return monte_carlo_bound(log_mean_exp, model, params, key, x, num_draws, posterior=posterior)


def _gradient_of(value: Array) -> Array:
    """0, with the gradient of `value`."""
    return value - jax.lax.stop_gradient(value)


WeightEstimator = Literal["score_function", "doubly_reparameterized"]
_WEIGHT_ESTIMATORS = ("score_function", "doubly_reparameterized")


def _toward_weights(
    model: Model,
    params: Params,
    key: Key,
    x: Array,
    log_weights: Array,
    estimator: WeightEstimator,
    order: Array | float = 1.0,
) -> Array:
    """A value whose gradient in φ moves q(z|x) to where the weights of its draws, to the power `order`, are large.

    Σ_k ω_k ∇_φ log q(z_k|x),  ω = softmax(order · log w);  doubly reparameterized
    order · Σ_k (ω_k − ω_k²) ∂log w_k/∂z_k ∂z_k/∂φ, of the same mean (Tucker et al. 2019, equation 10).
    """
    posterior, constants = model.encode(params, x), jax.lax.stop_gradient(params)
    weights = jax.lax.stop_gradient(jax.nn.softmax(order * log_weights))
    keys = sample_keys(key, log_weights.shape[0])
    if estimator == "doubly_reparameterized":
        check_estimator(model, posterior, estimator, others=("score_function",))
        factors = order * weights * (1.0 - weights)
        draws = jax.vmap(lambda key, factor: model.draw(constants, key, x, posterior=PathOnly(posterior, factor)))
        return jnp.sum(draws(keys, factors).log_weight)
    draws = jax.vmap(lambda key: model.draw(constants, key, x, posterior=ScoreOnly(posterior)))(keys)
    return jnp.sum(weights * draws.log_posterior)


def _check_shares(owner: object, num_samples: int) -> None:
    """Refuse a single draw: its share is always 1.

    Raises:
        UserError: if there is only one.
    """
    if num_samples == 1:
        raise UserError(
            f"{type(owner).__name__}.num_samples must be >= 2, since the encoder learns from the shares of the draws, "
            f"got 1: the share of a single draw is always 1"
        )


@dataclass
class PIWAE(Bound):
    """IWAE with all M · K draws for the generative model, MIWAE with M groups of K draws for the inference network.

    Both use the same draws; the value is that of IWAE. Rainforth et al. 2018, section 5.

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

    def bound(self, model: Model, params: Params, key: Key, x: Array, step: Array) -> tuple[Array, Metrics]:
        """The bound of ONE example, with the two gradients."""
        del step
        theirs = MIWAE(self.num_groups, self.num_samples, self.estimator)
        result = _generative(model, params, key, x, theirs.num_draws)
        inference = monte_carlo_bound(
            theirs.combine,
            model,
            jax.lax.stop_gradient(params),
            same_draws(key),
            x,
            theirs.num_draws,
            self.estimator,
            posterior=model.encode(params, x),
        )
        return result.value + _gradient_of(inference.value), bound_metrics(result)

    @property
    def scoring(self) -> Scoring:
        """The mean of all draws."""
        return Scoring(self.num_groups * self.num_samples, "sampled")

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
        phases: what the inference network learns from: wake, sleep or both (their mean).
        estimator: of the wake gradient: score_function or doubly_reparameterized.

    Raises:
        UserError: for K below 1 or an unknown name.
    """

    num_samples: int = 5
    phases: Literal["wake", "sleep", "both"] = "wake"
    estimator: WeightEstimator = "score_function"
    monitor = "bound"

    def __post_init__(self) -> None:
        check_range(self, at_least=1, num_samples=self.num_samples)
        check_choice(self, ("wake", "sleep", "both"), phases=self.phases)
        check_choice(self, _WEIGHT_ESTIMATORS, estimator=self.estimator)
        if self.phases == "wake":
            _check_shares(self, self.num_samples)

    def bound(self, model: Model, params: Params, key: Key, x: Array, step: Array) -> tuple[Array, Metrics]:
        """The importance-weighted bound of ONE example, with the two gradients."""
        del step
        wake_key, sleep_key = same_draws(key), key_for(key, Purpose.SLEEP)
        result = _generative(model, params, key, x, self.num_samples)
        gains: list[Array] = []
        if self.phases != "sleep":
            gains.append(_toward_weights(model, params, wake_key, x, result.draws.log_weight, self.estimator))
        if self.phases != "wake":
            gains.append(self._sleep(model, params, sleep_key))
        return result.value + _gradient_of(jnp.mean(jnp.stack(gains))), bound_metrics(result)

    def _sleep(self, model: Model, params: Params, key: Key) -> Array:
        """log q(z|x') of a pair (z, x') drawn from the model."""
        constants = jax.lax.stop_gradient(params)
        prior_key, likelihood_key = jax.random.split(key)
        z = model.sample_prior(constants, prior_key)
        x = jax.lax.stop_gradient(model.decode(constants, z).sample(likelihood_key))
        return model.encode(params, x).log_prob(jax.lax.stop_gradient(z))

    @property
    def scoring(self) -> Scoring:
        """The mean of all draws."""
        return Scoring(self.num_samples, "sampled")

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """The bound of ONE example, and the true ELBO and its terms, nats."""
        return bound_metrics(_generative(model, params, key, x, self.num_samples))


@dataclass
class ChiUpperBound(Bound):
    """Sandwich log p(x): IWAE from below for the generative model, the χ bound from above for the inference network.

    The inference network minimises CUBO_n(x) = (1/n) log E_q[w^n] ≥ log p(x), which makes q cover all of p(z|x):

    −∇_φ CUBO_n = (1 − 1/n) E_q[w^n ∇_φ log q(z|x)] / E_q[w^n] ≈ (1 − 1/n) Σ_k ω_k ∇_φ log q(z_k|x),
    ω = softmax(n log w)

    This estimates the gradient itself, instead of differentiating the estimated bound. The estimated bound falls
    without end as q moves away from p(z|x), since a few draws then miss the large weights. Dieng et al. 2017, equation
    3 and algorithm 1.

    Args:
        order: n > 1; 2 is the χ² divergence.
        num_samples: K ≥ 2 [draws an example].
        estimator: of the inference network's gradient, as for ReweightedWakeSleep: score_function or
            doubly_reparameterized.

    Raises:
        UserError: for an order that is not above 1, K below 2 or an unknown estimator.
    """

    order: float = 2.0
    num_samples: int = 10
    estimator: WeightEstimator = "score_function"
    monitor = "bound"

    def __post_init__(self) -> None:
        check_range(self, above=1.0, order=self.order)
        check_range(self, at_least=1, num_samples=self.num_samples)
        check_choice(self, _WEIGHT_ESTIMATORS, estimator=self.estimator)
        _check_shares(self, self.num_samples)

    def bound(self, model: Model, params: Params, key: Key, x: Array, step: Array) -> tuple[Array, Metrics]:
        """The lower bound of ONE example, with the two gradients."""
        del step
        result = _generative(model, params, key, x, self.num_samples)
        log_weights, key = result.draws.log_weight, same_draws(key)
        gain = _toward_weights(model, params, key, x, log_weights, self.estimator, self.order)
        upper = chi_upper_bound(log_weights, self.order)
        value = result.value + (1.0 - 1.0 / self.order) * _gradient_of(gain)
        return value, {**bound_metrics(result), "upper_bound": upper}

    @property
    def scoring(self) -> Scoring:
        """The mean of all draws."""
        return Scoring(self.num_samples, "sampled")

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """Both bounds of ONE example, and the true ELBO and its terms, nats."""
        result = _generative(model, params, key, x, self.num_samples)
        return {**bound_metrics(result), "upper_bound": chi_upper_bound(result.draws.log_weight, self.order)}


def chi_upper_bound(log_weights: Array, order: float = 2.0) -> Array:
    """The χ upper bound of log p(x) by K draws, nats, `[]`.

    CUBO_n(x) = (1/n) log E_q[w^n] ≥ log p(x), n ≥ 1. The estimate from K draws is (1/n) log (1/K) Σ_k w_k^n. exp(n ·
    estimate) is unbiased, but the mean of the estimate itself lies below CUBO_n. So it bounds log p(x) only if K is
    large enough. Dieng et al. 2017, equation 3.

    Args:
        log_weights: `[K]`.
        order: n.

    Example:
        >>> float(chi_upper_bound(jnp.array([-1.0, -1.0, -1.0])))  # the exact posterior: all weights are p(x)
        -1.0
    """
    return log_mean_exp(order * log_weights) / order
