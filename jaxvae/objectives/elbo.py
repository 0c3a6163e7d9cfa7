"""The evidence lower bound."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.distributions import is_reparameterized, mean_of
from jaxvae.draw import Draw
from jaxvae.errors import UserError
from jaxvae.model import Model
from jaxvae.objectives.estimators import check_estimator, mean_of_others, sample_keys, seen_by_gradient
from jaxvae.objectives.objective import Bound
from jaxvae.objectives.schedules import Constant, Schedule
from jaxvae.objectives.score_function import with_score
from jaxvae.objectives.scoring import Scoring
from jaxvae.observation import Example
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, ArrayLike, Key, Metrics, Params, PyTree

KLKind = Literal["closed_form", "sampled"]
_KL_KINDS = ("closed_form", "sampled")
_EXPECTATIONS = ("sampled", "enumerated")
_ESTIMATORS = ("reparameterized", "sticking_the_landing", "score_function")  # of one draw: DReG is the second
_SCORE_DRAWS = 4  # draws an example where the score function needs a baseline


class Elbo(NamedTuple):
    """The evidence lower bound of one example and its two terms, in nats, summed over dimensions."""

    value: Array
    """log_likelihood − kl ≤ log p(x) in expectation, `[]`; higher is better."""
    log_likelihood: Array
    """log p(x|z) of one draw, `[]`: minus the distortion."""
    kl: Array
    """KL(q(z|x) ‖ p(z)), `[]`: the rate."""


def elbo(model: Model, params: Params, key: Key, x: Example, *, kl: KLKind = "closed_form") -> Elbo:
    """A one-draw estimate of the evidence lower bound of ONE example, in nats.

    ELBO(x) = E_q(z|x)[log p(x|z)] − KL(q(z|x) ‖ p(z)) = E_q(z|x)[log p(x, z) − log q(z|x)] ≤ log p(x)

    Kingma and Welling 2014, equation 3 (`closed_form`) and equation 2 (`sampled`).

    Args:
        model: the model description.
        params: all parameters.
        key: for the draw of z.
        x: one example, `data_shape`, or an `Observation`.
        kl: `closed_form`, or a one-draw estimate if the pair (q, p) has none; `sampled`: always the estimate. Both are
            unbiased. With the exact posterior, `sampled` gives log p(x) for every key.

    Raises:
        UserError: for an unknown kind of KL.
        ValueError: if `x` does not have the shape of one example.

    Example:
        >>> import jax
        >>> from jaxvae import VAE, init
        >>> model = VAE(data_shape=(4,), latent_dim=2)
        >>> terms = elbo(model, init(model, jax.random.key(0)), jax.random.key(1), jnp.ones(4))
        >>> bool(terms.value == terms.log_likelihood - terms.kl)
        True
    """
    check_choice(elbo, _KL_KINDS, kl=kl)
    return elbo_terms(model.draw(params, key, x), kl)


def elbo_terms(draw: Draw, kl: KLKind = "closed_form") -> Elbo:
    """The ELBO of one draw; see `elbo`."""
    rate = jnp.sum(draw.kl) if kl == "closed_form" else draw.log_posterior - draw.log_prior
    return Elbo(draw.log_likelihood - rate, draw.log_likelihood, rate)


def _expectation(states: Draw, function: Callable[[Draw], PyTree]) -> PyTree:
    """E_q[function(draw)] from all states of z; its gradient is exact, through q as well."""
    log_states = states.log_posterior if states.log_state is None else states.log_state
    probabilities = jnp.exp(log_states)  # [states]
    return jax.tree.map(lambda values: jnp.sum(probabilities * values), jax.vmap(function)(states))


@dataclass
class ELBO(Bound):
    """Maximise the ELBO, or with `beta` ≠ 1 the β-VAE objective.

    loss = −log p(x|z) + β · schedule(step) · KL(q(z|x) ‖ p(z)) + λ ‖x − x̂‖²,  x̂ = E[x'|z]

    The reported ELBO is always the true one (β = 1, λ = 0). The best epoch has the largest `weighted_elbo`, the value
    with this β and λ; for β < 1 it does not bound log p(x). Kingma and Welling 2014; Higgins et al. 2017, equation 4.

    Args:
        beta: weight β of the KL [nats per nat]; 1 is the ELBO.
        schedule: factor of β by step: Constant, Linear, Cyclical or Sigmoid.
        kl: `closed_form` where the pair has one, or always `sampled`.
        squared_error_weight: λ [nats per squared data unit], an extra pull towards the reconstruction. By default it is
            left out, which equals λ = 0.
        expectation: over z. `sampled`: from draws, with the score function if a draw passes no gradient. `enumerated`:
            the exact sum over all values of a discrete z, with the exact gradient.
        estimator: of the gradient: reparameterized, sticking_the_landing or score_function; the last two need
            `kl="sampled"`. Sticking the landing has no variance at the exact posterior (Roeder, Wu and Duvenaud 2017,
            equation 8). A posterior that is not reparameterized always gets the score function.
        num_samples: draws of z an example, averaged. By default 1; with the score function 4, where the mean of the
            other draws is the baseline of each (Kool, van Hoof and Welling 2019). With one draw there is no baseline,
            and discrete codes hardly learn.

    Raises:
        UserError: for a negative number, an unknown name, or an estimator with a KL or a posterior that lacks it.
    """

    beta: float = 1.0
    schedule: Schedule = Constant()
    kl: KLKind = "closed_form"
    squared_error_weight: float | None = None
    expectation: Literal["sampled", "enumerated"] = "sampled"
    estimator: Literal["reparameterized", "sticking_the_landing", "score_function"] = "reparameterized"
    num_samples: int | None = None
    monitor = "weighted_elbo"

    def __post_init__(self) -> None:
        check_range(self, at_least=0.0, beta=self.beta, squared_error_weight=self.squared_error_weight)
        check_choice(self, _KL_KINDS, kl=self.kl)
        check_choice(self, _EXPECTATIONS, expectation=self.expectation)
        check_choice(self, _ESTIMATORS, estimator=self.estimator)
        check_range(self, at_least=1, num_samples=self.num_samples)
        if self.estimator != "reparameterized" and (self.kl, self.expectation) != ("sampled", "sampled"):
            raise UserError(
                f"ELBO.estimator {self.estimator} is for the gradient of draws, got the KL {self.kl} and the "
                f"expectation {self.expectation}: set `objective.kl='sampled'` and `objective.expectation='sampled'`"
            )

    def bound(self, model: Model, params: Params, key: Key, x: Array, step: Array) -> tuple[Array, Metrics]:
        """The value to maximise for ONE example, and its terms."""
        beta = self.beta * self.schedule(step)

        def of(draw: Draw) -> tuple[Array, Elbo]:
            return self._value(model, params, x, draw, beta, self.kl)

        if self.expectation == "enumerated":
            value, terms = _expectation(model.enumerate(params, x, key), of)
        else:
            q = model.encode(params, x)
            check_estimator(model, q, self.estimator)
            q = seen_by_gradient(q, self.estimator)
            count = self.num_samples or (1 if is_reparameterized(q) else _SCORE_DRAWS)
            if count == 1:
                draw = model.draw(params, key, x, posterior=q)
                value, terms = of(draw)
                value = with_score(value, draw.score, -beta * draw.exact_kl if self.kl == "closed_form" else 0.0)
            else:
                draws = jax.vmap(lambda key: model.draw(params, key, x, posterior=q))(sample_keys(key, count))
                values, all_terms = jax.vmap(of)(draws)
                value = jnp.mean(with_score(values, draws.score, mean_of_others(values)))
                terms = jax.tree.map(jnp.mean, all_terms)
        return value, {**_metrics(value, terms), "beta": beta}

    def _value(
        self, model: Model, params: Params, x: Array, draw: Draw, beta: ArrayLike, kl: KLKind
    ) -> tuple[Array, Elbo]:
        """The value that training maximises at one draw, and the terms of the true ELBO."""
        terms = elbo_terms(draw, kl)
        value = terms.log_likelihood - beta * terms.kl
        if self.squared_error_weight is not None:
            reconstruction = mean_of(model.decode(params, draw.latents))  # XLA shares the decoder with draw
            value -= self.squared_error_weight * jnp.sum((model.completed(x, reconstruction) - reconstruction) ** 2)
        return value, terms

    @property
    def scoring(self) -> Scoring:
        """One draw, or every z if z is enumerated."""
        return Scoring(None if self.expectation == "enumerated" else 1)

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """Of ONE example: `weighted_elbo`, the value with the full β, and the true ELBO and its terms, nats."""

        def of(draw: Draw) -> tuple[Array, Elbo]:
            return self._value(model, params, x, draw, self.beta, "closed_form")

        if self.expectation == "enumerated":
            return _metrics(*_expectation(model.enumerate(params, x, key), of))
        return _metrics(*of(model.draw(params, key, x)))


def _metrics(value: Array, terms: Elbo) -> Metrics:
    return {"weighted_elbo": value, "elbo": terms.value, "log_likelihood": terms.log_likelihood, "kl": terms.kl}
