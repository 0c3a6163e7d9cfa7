"""Bounds that are a function of the weights of several draws: IWAE, MIWAE, CIWAE, Rényi, VR-max."""

import abc
from typing import Any, Literal

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.model import Model
from jaxvae.numerics import log_mean_exp, power_mean
from jaxvae.objectives.estimators import ESTIMATORS, Draws, Estimator, monte_carlo_bound
from jaxvae.objectives.objective import Bound
from jaxvae.objectives.scoring import Scoring
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params


class WeightedBound(Bound):
    """A bound that is a function of the log weights of `num_draws` draws, by any gradient estimator."""

    monitor = "bound"
    num_samples: int
    estimator: Any
    """An `Estimator` that the bound has."""

    def __post_init__(self) -> None:
        check_range(self, at_least=1, num_samples=self.num_samples)
        check_choice(self, ESTIMATORS, estimator=self.estimator)

    @property
    def num_draws(self) -> int:
        """Draws of z an example, in total."""
        return self.num_samples

    @abc.abstractmethod
    def combine(self, log_weights: Array) -> Array:
        """The bound from log w_k = log p(x, z_k) − log q(z_k|x): `[num_draws]` to `[]`."""

    def draws(self, model: Model, params: Params, key: Key, x: Array) -> Draws:
        """The bound of ONE example, and its draws."""
        return monte_carlo_bound(self.combine, model, params, key, x, self.num_draws, self.estimator)

    def bound(self, model: Model, params: Params, key: Key, x: Array, step: Array) -> tuple[Array, Metrics]:
        """The bound of ONE example."""
        del step
        result = self.draws(model, params, key, x)
        return result.value, bound_metrics(result)

    @property
    def scoring(self) -> Scoring:
        """The mean of all draws."""
        return Scoring(self.num_draws, "sampled")

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """The bound of ONE example, and the true ELBO and its terms, nats."""
        return bound_metrics(self.draws(model, params, key, x))


def bound_metrics(result: Draws) -> Metrics:
    """The bound, and beside it the true ELBO and its terms as means over the draws."""
    draws = result.draws
    return {
        "bound": result.value,
        "elbo": jnp.mean(draws.log_weight),
        "log_likelihood": jnp.mean(draws.log_likelihood),
        "kl": jnp.mean(draws.log_posterior - draws.log_prior),
    }


@dataclass
class IWAE(WeightedBound):
    """The importance-weighted bound of K draws.

    L_K(x) = E[ log (1/K) Σ_k w_k ],  w_k = p(x, z_k) / q(z_k|x);  ELBO = L_1 ≤ L_2 ≤ … ≤ log p(x)

    With discrete latents, or `score_function`, its gradient is VIMCO's (Mnih and Rezende 2016). Burda, Grosse and
    Salakhutdinov 2016, equation 8.

    Args:
        num_samples: K [draws an example].
        estimator: of the gradient: reparameterized, doubly_reparameterized (DReG, Tucker et al. 2019),
            sticking_the_landing (biased for K > 1) or score_function.

    Raises:
        UserError: for K below 1 or an unknown estimator.
    """

    num_samples: int = 5
    estimator: Estimator = "reparameterized"

    def combine(self, log_weights: Array) -> Array:
        """log (1/K) Σ_k w_k."""
        return log_mean_exp(log_weights)


@dataclass
class MIWAE(WeightedBound):
    """The mean of M importance-weighted bounds of K draws each.

    L(x) = E[ (1/M) Σ_m log (1/K) Σ_k w_{mk} ]: as tight as IWAE with K draws, with a gradient M times less noisy.
    Rainforth et al. 2018, equation 5.

    Args:
        num_groups: M [groups an example].
        num_samples: K [draws a group].
        estimator: of the gradient, as for IWAE.

    Raises:
        UserError: for M or K below 1 or an unknown estimator.
    """

    num_groups: int = 8
    num_samples: int = 8
    estimator: Estimator = "reparameterized"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, at_least=1, num_groups=self.num_groups)

    @property
    def num_draws(self) -> int:
        """M · K."""
        return self.num_groups * self.num_samples

    def combine(self, log_weights: Array) -> Array:
        """(1/M) Σ_m log (1/K) Σ_k w_{mk}."""
        return jnp.mean(log_mean_exp(log_weights.reshape(self.num_groups, self.num_samples), axis=1))


@dataclass
class CIWAE(WeightedBound):
    """A combination of the ELBO and the importance-weighted bound of the same K draws.

    L(x) = β · (1/K) Σ_k log w_k + (1 − β) · log (1/K) Σ_k w_k. Rainforth et al. 2018, equation 6.

    Args:
        beta: weight β of the ELBO, in [0, 1].
        num_samples: K [draws an example].
        estimator: of the gradient, as for IWAE.

    Raises:
        UserError: for β outside [0, 1], K below 1 or an unknown estimator.
    """

    beta: float = 0.5
    num_samples: int = 5
    estimator: Estimator = "reparameterized"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, at_least=0.0, at_most=1.0, beta=self.beta)

    def combine(self, log_weights: Array) -> Array:
        """β mean_k log w_k + (1 − β) log mean_k w_k."""
        return self.beta * jnp.mean(log_weights) + (1.0 - self.beta) * log_mean_exp(log_weights)


@dataclass
class Renyi(WeightedBound):
    """The variational Rényi bound of order α, by K draws.

    L_α(x) = 1 / (1 − α) · log (1/K) Σ_k w_k^{1−α}: α = 0 is IWAE, α → 1 the ELBO, α < 0 lies above IWAE and for K → ∞
    above log p(x), α → −∞ is VR-max. Li and Turner 2016, equations 5 and 9.

    Args:
        alpha: the order α.
        num_samples: K [draws an example].
        estimator: of the gradient, as for IWAE.

    Raises:
        UserError: for K below 1, an α beyond 1e30 in size, or an unknown estimator.
    """

    alpha: float = 0.5
    num_samples: int = 5
    estimator: Estimator = "reparameterized"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, at_least=-1e30, at_most=1e30, alpha=self.alpha)

    def combine(self, log_weights: Array) -> Array:
        """log mean_k w_k^{1−α} / (1 − α), the mean of log w_k at α = 1."""
        return power_mean(log_weights, 1.0 - self.alpha)


@dataclass
class VRMax(WeightedBound):
    """The largest weight of K draws: the limit α → −∞ of the Rényi bound.

    L(x) = max_k log w_k: only one draw has a gradient. Li and Turner 2016, section 4.3.

    Args:
        num_samples: K [draws an example].
        estimator: of the gradient, as for IWAE; not doubly_reparameterized, which needs a second derivative.

    Raises:
        UserError: for K below 1 or an estimator that it does not have.
    """

    num_samples: int = 5
    estimator: Literal["reparameterized", "sticking_the_landing", "score_function"] = "reparameterized"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(self, [one for one in ESTIMATORS if one != "doubly_reparameterized"], estimator=self.estimator)

    def combine(self, log_weights: Array) -> Array:
        """max_k log w_k."""
        return jnp.max(log_weights)


@dataclass
class TVO(WeightedBound):
    """The thermodynamic variational objective: a left Riemann sum along the path from q(z|x) to p(z|x).

    log p(x) = ∫₀¹ E_{π_β}[log w] dβ ≥ Σ_j (β_{j+1} − β_j) E_{π_{β_j}}[log w],  π_β ∝ q w^β

    The expectations are estimated by self-normalised weights of K draws. β₀ = 0; the other β are log-uniform up to 1.
    Masrani, Le and Wood 2019, equations 8 and 11.

    Args:
        num_partitions: number of intervals; 1 is the ELBO.
        smallest_beta: β₁, the end of the first interval, in (0, 1).
        num_samples: K [draws an example].
        estimator: of the gradient, as for IWAE.

    Raises:
        UserError: for a number out of range or an unknown estimator.
    """

    num_partitions: int = 5
    smallest_beta: float = 0.025
    num_samples: int = 10
    estimator: Estimator = "reparameterized"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, at_least=1, num_partitions=self.num_partitions)
        check_range(self, above=0.0, below=1.0, smallest_beta=self.smallest_beta)

    def combine(self, log_weights: Array) -> Array:
        """Σ_j (β_{j+1} − β_j) Σ_k softmax(β_j log w)_k log w_k."""
        exponents = jnp.arange(self.num_partitions, dtype=log_weights.dtype) / max(self.num_partitions - 1, 1)
        later = jnp.asarray(self.smallest_beta, log_weights.dtype) ** (1.0 - exponents)  # β₁ … 1, [partitions]
        ends = jnp.where(self.num_partitions == 1, jnp.ones_like(later), later)
        starts = jnp.concatenate([jnp.zeros(1, log_weights.dtype), ends[:-1]])
        weights = jax.nn.softmax(starts[:, None] * log_weights[None, :], axis=1)  # [partitions, K]
        return jnp.sum((ends - starts) * (weights @ log_weights))
