"""Refinement of q(z|x) for one example: semi-amortised inference, and the measure of the amortisation gap."""

import jax
import jax.numpy as jnp
import optax

from jaxvae.checks import check_range
from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.draw import Draw
from jaxvae.keys import Purpose, key_for
from jaxvae.model import Model
from jaxvae.objectives.elbo import Elbo, elbo, elbo_terms
from jaxvae.objectives.objective import Bound
from jaxvae.objectives.schedules import Constant, Schedule
from jaxvae.objectives.score_function import with_score
from jaxvae.objectives.scoring import Scoring
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params


def refine(
    model: Model,
    params: Params,
    key: Key,
    x: Array,
    *,
    steps: int = 20,
    learning_rate: float = 0.05,
    num_samples: int = 8,
    kl_weight: Array | float = 1.0,
) -> SupportsSampleAndLogProb:
    """q(z|x) of ONE example after gradient steps on its own ELBO, started at the encoder's.

    λ₀ = encoder(x),  λ_{t+1} = Adam(λ_t, ∇_λ ELBO(x; q_λ)): the encoder's outputs change, the family of q does not. At
    the best λ the ELBO has gained the amortisation gap (Cremer, Li and Duvenaud 2018, section 3.1). In training this is
    semi-amortised inference (Kim et al. 2018, algorithm 1).

    Args:
        model: the model description.
        params: all parameters.
        key: for the draws; each step draws again.
        x: one example, `data_shape`.
        steps: gradient steps.
        learning_rate: of Adam [units of the encoder's outputs per step].
        num_samples: draws of z a step.
        kl_weight: of the KL in the ELBO [nats per nat].

    Raises:
        UserError: for a number out of range.

    Example:
        >>> from jaxvae import VAE, init
        >>> model = VAE(data_shape=(4,), latent_dim=2)
        >>> params = init(model, jax.random.key(0))
        >>> refine(model, params, jax.random.key(1), jnp.ones(4), steps=3).mean.shape
        (2,)
    """
    check_range(refine, at_least=1, steps=steps, num_samples=num_samples)
    check_range(refine, above=0.0, learning_rate=learning_rate)

    def loss(features: Array, key: Key) -> Array:
        posterior = model.posterior_from(params, features)
        draws = jax.vmap(lambda one: model.draw(params, one, x, posterior=posterior))
        draws = draws(jax.random.split(key, num_samples))
        return -jnp.mean(with_score(_weighted(jax.vmap(elbo_terms)(draws), kl_weight), draws.score))

    optimizer = optax.scale_by_adam()
    features = model.posterior_features(params, x)

    def step(carry: tuple[Array, optax.OptState], index: Array) -> tuple[tuple[Array, optax.OptState], None]:
        features, state = carry
        gradient = jax.grad(loss)(features, jax.random.fold_in(key, index))
        with jax.numpy_dtype_promotion("standard"):  # Optax raises its decays to integer counts
            update, state = optimizer.update(gradient, state)
        # the last steps are small, so that the noise of the gradient averages out
        rate = learning_rate * (1.0 - jnp.asarray(index, float) / steps)
        return (jax.tree.map(lambda value, change: value - rate * change, features, update), state), None

    (features, _), _ = jax.lax.scan(step, (features, optimizer.init(features)), jnp.arange(steps))
    return model.posterior_from(params, features)


def _weighted(terms: Elbo, kl_weight: Array | float) -> Array:
    """log p(x|z) − weight · KL."""
    return terms.log_likelihood - kl_weight * terms.kl


@dataclass
class SemiAmortized(Bound):
    """The ELBO of a posterior that starts at the encoder's output and is refined for each example.

    The decoder and the prior learn from the refined posterior. The encoder learns from its own ELBO, which gives the
    refinement a good start. No gradient passes through the refinement itself. Kim et al. 2018, section 3.1, first of
    the two variants.

    Args:
        steps: gradient steps of the refinement.
        learning_rate: of the refinement [units of the encoder's outputs per step].
        num_samples: draws of z a step of the refinement.
        schedule: factor of the KL by step, in the refinement too.

    Raises:
        UserError: for a number out of range.
    """

    steps: int = 10
    learning_rate: float = 0.1
    num_samples: int = 1
    schedule: Schedule = Constant()

    def __post_init__(self) -> None:
        check_range(self, at_least=1, steps=self.steps, num_samples=self.num_samples)
        check_range(self, above=0.0, learning_rate=self.learning_rate)

    def infer(self, model: Model, params: Params, key: Key, x: Array) -> SupportsSampleAndLogProb:
        """The refined q(z|x) of ONE example; no gradient passes through it."""
        return self._refined(model, params, key, x, 1.0)

    def _refined(
        self, model: Model, params: Params, key: Key, x: Array, kl_weight: Array | float
    ) -> SupportsSampleAndLogProb:
        posterior = refine(
            model,
            jax.lax.stop_gradient(params),
            key,
            x,
            steps=self.steps,
            learning_rate=self.learning_rate,
            num_samples=self.num_samples,
            kl_weight=kl_weight,
        )
        return jax.lax.stop_gradient(posterior)

    def _draw(self, model: Model, params: Params, key: Key, x: Array, kl_weight: Array | float = 1.0) -> Draw:
        """A draw of the refined posterior, with gradients for decoder and prior alone."""
        refine_key, draw_key = jax.random.split(key)
        return model.draw(params, draw_key, x, posterior=self._refined(model, params, refine_key, x, kl_weight))

    def bound(self, model: Model, params: Params, key: Key, x: Array, step: Array) -> tuple[Array, Metrics]:
        """The refined ELBO of ONE example, with the two gradients."""
        weight = self.schedule(step)
        constants, encoded = jax.lax.stop_gradient(params), model.encode(params, x)
        draw = model.draw(constants, key, x, posterior=encoded)
        own = elbo_terms(draw)
        amortized = with_score(_weighted(own, weight), draw.score)
        terms = elbo_terms(self._draw(model, params, key_for(key, Purpose.REFINEMENT), x, weight))
        value = _weighted(terms, weight) + amortized - jax.lax.stop_gradient(amortized)
        gap = terms.value - own.value
        metrics = {"elbo": terms.value, "log_likelihood": terms.log_likelihood, "kl": terms.kl}
        return value, {**metrics, "amortization_gap": gap}

    @property
    def scoring(self) -> Scoring:
        """One draw of the refined posterior."""
        return Scoring(is_refined=True)

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """The refined ELBO of ONE example and its terms, nats, and the gain of the refinement."""
        amortized = elbo(model, params, key, x).value
        terms = elbo_terms(self._draw(model, params, key_for(key, Purpose.REFINEMENT), x))
        return {
            "elbo": terms.value,
            "log_likelihood": terms.log_likelihood,
            "kl": terms.kl,
            "amortization_gap": terms.value - amortized,
        }
