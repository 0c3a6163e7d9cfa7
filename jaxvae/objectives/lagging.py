"""Lagging inference: more steps for the encoder than for the rest, until the code's information stops growing."""

import dataclasses
from typing import Self

import jax
import jax.numpy as jnp

from jaxvae.checks import check_component, check_range
from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.errors import UserError
from jaxvae.keys import same_draws
from jaxvae.model import Model
from jaxvae.objectives.aggregate import own_and_aggregate
from jaxvae.objectives.autoencoder import WithoutDensity
from jaxvae.objectives.batch_means import masked_mean
from jaxvae.objectives.batch_terms import draws_from, encoded, without_padding
from jaxvae.objectives.elbo import ELBO
from jaxvae.objectives.objective import Objective
from jaxvae.objectives.scoring import Scoring
from jaxvae.observation import Example, number_of
from jaxvae.pytrees import dataclass
from jaxvae.run_length import known_in_run, share_of_run
from jaxvae.typing import Array, Key, Metrics, Params

_SHARE_OF_A_WINDOW = 0.05  # of the run's steps: the encoder lags for two windows at least


def batch_information(model: Model, params: Params, keys: Key, x: Example, mask: Array) -> Array:
    """The mutual information of x and z under the aggregate posterior of a batch, nats, `[]`.

    I(x; z) = E_i[log q(z_i|x_i) − log (1/B) Σ_j q(z_i|x_j)] ≤ log B,  z_i ~ q(z|x_i)

    He et al. 2019, equation 6; padding does not count.

    Args:
        model: the model description.
        params: all parameters.
        keys: one key for each example, `[batch]`.
        x: examples, `[batch, *data_shape]`.
        mask: `[batch]` bool.
    """
    x = without_padding(x, mask)
    posteriors = encoded(model, params, keys, x)
    draws = draws_from(model, params, keys, x, posteriors)
    indices = jnp.arange(number_of(x))
    own, aggregate = jax.vmap(lambda i, z: own_and_aggregate(posteriors, i, z, mask))(indices, draws.latents)
    return masked_mean(own - aggregate, mask)


@dataclass
class Lagging(Objective):
    """Any objective, trained at first with several encoder steps for each step of the whole model.

    While the encoder lags behind, `num_encoder_steps` of every `num_encoder_steps` + 1 steps change only the encoder
    (the moments of the optimiser see every gradient). The information I(x; z) of batches is averaged over the examples
    of `window` steps. Plain training begins after the first window that is no better than the one before it. The
    authors repeat the inner steps until the objective stalls and use validation data; here their number is fixed, and
    training data are used. He et al. 2019, algorithm 1.

    Args:
        objective: the objective to train.
        num_encoder_steps: steps of the encoder alone between two steps of the whole model [steps].
        window: steps between two measurements of the information [steps]; by default a twentieth of the run.

    Raises:
        UserError: for a number below 1, an objective without a density, or Lagging itself.
    """

    objective: Objective = ELBO()
    num_encoder_steps: int = 10
    window: int | None = None
    smallest_batch = 2

    def __post_init__(self) -> None:
        check_component(self, Objective, objective=self.objective)
        if isinstance(self.objective, WithoutDensity):
            raise UserError(
                f"Lagging.objective must train a density, since it measures the information of z, got "
                f"{type(self.objective).__name__}: take `objective.objective=ELBO()`"
            )
        if isinstance(self.objective, Lagging):
            raise UserError(
                "Lagging.objective must be another objective, got Lagging: take `objective.objective=ELBO()`"
            )
        check_range(self, at_least=1, num_encoder_steps=self.num_encoder_steps, window=self.window)

    @property
    def monitor(self) -> str:  # type: ignore[override]
        """That of the objective."""
        return self.objective.monitor

    @property
    def warmup_steps(self) -> int:
        """That of the objective [steps]."""
        return self.objective.warmup_steps

    @property
    def needs_labels(self) -> bool:  # type: ignore[override]
        """Whether the objective does."""
        return self.objective.needs_labels

    def check_model(self, model: Model) -> None:
        """As the objective does."""
        self.objective.check_model(model)

    def check_run(self, num_steps: int, data_range: float) -> None:
        """As the objective does, and that the information is measured at least twice."""
        self.objective.check_run(num_steps, data_range)
        window = known_in_run(self, "window")
        if window > max(1, num_steps // 2):
            raise UserError(
                f"Lagging.window must be at most half the run's {num_steps:,} steps, else the encoder lags to its end, "
                f"got {window:,}: lower `objective.window`, or raise `epochs`"
            )

    def for_run(self, num_examples: int, num_steps: int) -> Self:
        """With the objective for that run, and a `window` if none was given."""
        objective = self.objective.for_run(num_examples, num_steps)
        window = share_of_run(num_steps, _SHARE_OF_A_WINDOW) if self.window is None else self.window
        if objective is self.objective and window == self.window:
            return self
        return dataclasses.replace(self, objective=objective, window=window)

    def init(self, key: Key, model: Model, examples: Array | None) -> Params:
        """The phase, the information so far with its number of examples, and the parameters of the objective."""
        fixed = {"lags": 1.0, "sum": 0.0, "count": 0.0, "last": -jnp.inf}
        fixed = {name: jnp.asarray(value, float) for name, value in fixed.items()}
        return {"fixed": fixed, "objective": self.objective.init(key, model, examples)}

    def _inner(self, params: Params) -> Params:
        """The parameters as the objective expects them."""
        return {**params, "objective": params["objective"]["objective"]}

    def loss(
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """That of the objective; `lags` is 1 as long as the encoder gets more steps."""
        loss, metrics = self.objective.loss(model, self._inner(params), keys, x, mask, step)
        return loss, {**metrics, "lags": params["objective"]["fixed"]["lags"]}

    def infer(self, model: Model, params: Params, key: Key, x: Array) -> SupportsSampleAndLogProb:
        """That of the objective."""
        return self.objective.infer(model, self._inner(params), key, x)

    @property
    def scoring(self) -> Scoring:
        """That of the objective."""
        return self.objective.scoring

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """That of the objective."""
        return self.objective.score(model, self._inner(params), key, x)

    def summary(self, means: Metrics) -> Metrics:
        """That of the objective."""
        return self.objective.summary(means)

    def moves(self, params: Params, component: str, step: Array) -> Array:
        """The encoder and a discriminator always; the rest in every (num_encoder_steps + 1)-th step while it lags."""
        everything = step % (self.num_encoder_steps + 1) == self.num_encoder_steps
        lags = params["objective"]["fixed"]["lags"] > 0.0
        of_objective = self.objective.moves(self._inner(params), component, step)
        keeps_pace = component in ("encoder", "posterior", "objective")  # a discriminator follows the encoder
        return of_objective & (jnp.asarray(keeps_pace) | everything | ~lags)

    def update(self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array) -> Params:
        """The updated information; at the end of a window, whether the encoder still lags."""
        inner = self.objective.update(model, self._inner(params), keys, x, mask, step)
        fixed = params["objective"]["fixed"]

        def look(fixed: Params) -> Params:
            examples = jnp.sum(mask).astype(float)  # a short last batch counts by its examples
            information = batch_information(model, params, same_draws(keys), x, mask)
            total, count = fixed["sum"] + examples * information, fixed["count"] + examples
            mean = total / jnp.maximum(count, 1.0)
            ends = (step + 1) % known_in_run(self, "window") == 0
            return {
                "lags": jnp.where(ends & (mean <= fixed["last"]), 0.0, fixed["lags"]),
                "sum": jnp.where(ends, 0.0, total),
                "count": jnp.where(ends, 0.0, count),
                "last": jnp.where(ends, mean, fixed["last"]),
            }

        # plain training pays nothing for it
        fixed = jax.lax.cond(fixed["lags"] > 0.0, look, lambda fixed: fixed, fixed)
        return {**inner, "objective": {"fixed": fixed, "objective": inner["objective"]}}
