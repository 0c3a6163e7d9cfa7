"""What an objective is: a loss over a batch, made of per-example bounds."""

import abc
import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Literal, NamedTuple, Self

import jax
import jax.numpy as jnp

from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.errors import UserError
from jaxvae.model import Model
from jaxvae.typing import Array, Key, Metrics, Params


class Scoring(NamedTuple):
    """What the ELBO, the rate and the distortion of a `score` are made of."""

    num_draws: int | None = 1
    """Draws of z an example, whose mean they are; None where every z is enumerated."""
    kl: Literal["closed_form", "sampled"] = "closed_form"
    """`closed_form` where the pair has one; `sampled`: log q(z|x) − log p(z) of the draws all the same."""
    is_refined: bool = False
    """Whether q(z|x) is refined for each example."""

    def describe(self, has_closed_form: bool) -> dict[str, str]:
        """How `elbo`, `distortion` and `rate` were estimated.

        Args:
            has_closed_form: whether KL(q(z|x) ‖ p(z)) of the model has a closed form.
        """
        draws = {None: "every z enumerated", 1: "one draw of z an example"}.get(
            self.num_draws, f"the mean of {self.num_draws} draws of z an example"
        )
        if self.is_refined:
            draws += " from q(z|x) refined for it"
        closed = self.kl == "closed_form" and has_closed_form
        return {
            "elbo": f"{draws}; KL {'in closed form' if closed else 'log q(z|x) − log p(z) of the same z'}",
            "distortion": f"minus log p(x|z), {draws}",
            "rate": f"KL(q(z|x) ‖ p(z)), {'in closed form' if closed else draws}",
        }


class Objective(abc.ABC):
    """What training minimises, and what validation looks at."""

    monitor: ClassVar[str] = "elbo"
    """The validation score, higher is better, that early stopping and the best checkpoint go by.

    The true ELBO; where that is not what training raises (a rate held up, another bound), the objective's own value, if
    it means the same in every epoch.
    """

    smallest_batch: ClassVar[int] = 1
    """Examples that a batch must have at least: two for what compares the codes of examples."""

    def init(self, key: Key, model: Model, examples: Array | None) -> Params:
        """Draw parameters of its own, which stand in `params["objective"]`; by default there are none.

        What is kept from step to step but not learned by gradient (a multiplier, a moving average) goes under `fixed`,
        and `update` moves it.
        """
        del key, model, examples
        return {}

    def update(self, model: Model, params: Params, keys: Key, x: Array, mask: Array, step: Array) -> Params:
        """The parameters with what stands under `fixed` moved on; by default as they are.

        The arguments are those of `loss`, before the gradient step: what the two share is computed once.
        """
        del model, keys, x, mask, step
        return params

    def moves(self, params: Params, step: Array, component: str) -> Array | bool:
        """Whether the optimiser moves `params[component]` in this step; by default it moves all."""
        del params, step, component
        return True

    def check_model(self, model: Any) -> None:
        """Check that this objective can train the model; called when a training is described.

        Raises:
            UserError: if it cannot.
        """
        posterior = getattr(model, "posterior", None)
        trained_by = getattr(posterior, "trained_by", None)
        if trained_by is not None:
            raise UserError(
                f"{type(posterior).__name__} must be trained by {trained_by}, got {type(self).__name__}, which leaves "
                f"its state as it is: add --objective {trained_by}"
            )

    def check_run(self, num_steps: int, data_range: float) -> None:
        """Check that this objective goes with a run; called when the run is set up.

        Args:
            num_steps: of the whole run [steps].
            data_range: largest minus smallest value that x can have [data units].

        Raises:
            UserError: if it does not.
        """
        del num_steps, data_range

    def for_run(self, num_examples: int, num_steps: int) -> Self:
        """The objective with what depends on the run as numbers; `self` where nothing changes. By default its schedule.

        Training asks for it before anything else (`Training.for_examples`), and again for what it was given.

        Args:
            num_examples: size of the training set [examples].
            num_steps: of the whole run, if nothing stops it early [steps].
        """
        del num_examples
        schedule = getattr(self, "schedule", None)
        resolved = None if schedule is None else schedule.for_run(num_steps)
        return self if resolved is schedule else dataclasses.replace(self, schedule=resolved)  # type: ignore[type-var]

    @property
    def warmup_steps(self) -> int:
        """The step before which a validation score does not count [steps]: that of its `schedule`, where it has one."""
        schedule = getattr(self, "schedule", None)
        return 0 if schedule is None else schedule.warmup_steps

    @abc.abstractmethod
    def loss(
        self, model: Model, params: Params, keys: Key, x: Array, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """The loss to minimise and metrics, both means over the examples of the batch that `mask` keeps.

        Args:
            model: the model description.
            params: all parameters.
            keys: one key for each example, `[batch]`.
            x: examples, `[batch, *data_shape]`.
            mask: which of them count, `[batch]` bool; the others are padding.
            step: training step from 0, `[]`, for schedules.
        """

    def infer(self, model: Model, params: Params, key: Key, x: Array) -> SupportsSampleAndLogProb:
        """The q(z|x) of ONE example that evaluation draws from; by default the encoder's."""
        del key
        return model.encode(params, x)

    @property
    def scoring(self) -> Scoring:
        """What the figures of `score` are made of: by default one draw, and the KL in closed form if there is one."""
        return Scoring()

    @abc.abstractmethod
    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """What validation reports of ONE example; see `summary`."""

    def summary(self, means: Metrics) -> Metrics:
        """What validation reports of all examples, `[]` each and among it `monitor`, from the means of their scores.

        By default the means as they are; an objective whose value is a function of means (free bits) adds it here.
        """
        return means


class Bound(Objective):
    """An objective that is a mean of values of single examples, each to be maximised."""

    @abc.abstractmethod
    def bound(self, model: Model, params: Params, step: Array, key: Key, x: Array) -> tuple[Array, Metrics]:
        """The value to maximise for ONE example, `[]`, and metrics."""

    def loss(
        self, model: Model, params: Params, keys: Key, x: Array, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Minus the mean bound of the batch, nats per example."""
        return batch_loss(partial(self.bound, model, params, step), keys, x, mask)


def masked_mean(values: Array, mask: Array) -> Array:
    """The mean over the first axis of the members that `mask` keeps; 0 where it keeps none.

    >>> float(masked_mean(jnp.array([1.0, 3.0, jnp.nan]), jnp.array([True, True, False])))
    2.0
    """
    kept = jnp.where(mask.reshape(mask.shape + (1,) * (values.ndim - 1)), values, 0.0)
    return jnp.sum(kept, axis=0) / jnp.maximum(jnp.sum(mask), 1).astype(values.dtype)


def with_score(value: Array, score: Array | float, baseline: Array | float = 0.0) -> Array:
    """`value`, whose gradient gains (value − baseline) · ∇score: the gradient by what draws pass no gradient to.

    ∇E_q[f] = E_q[∇f + (f − baseline) · ∇log q], with score = log q of what was not reparameterized (`Draw.score`, else
    0: then nothing is added, and XLA drops it). The baseline must not depend on the draw: it takes variance away and
    adds no bias, since E_q[∇log q] = 0. Williams 1992, section 4.
    """
    return value + jax.lax.stop_gradient(value - baseline) * (score - jax.lax.stop_gradient(score))


def batch_loss(
    bound: Callable[[Key, Array], tuple[Array, Metrics]], keys: Key, x: Array, mask: Array
) -> tuple[Array, Metrics]:
    """Minus the mean of a per-example bound over a batch, and the means of its metrics, padding left out.

    Args:
        bound: from `(key, x)` of one example to the value to maximise and metrics.
        keys: `[batch]`.
        x: `[batch, *data_shape]`.
        mask: `[batch]` bool.
    """
    values, metrics = jax.vmap(bound)(keys, x)
    loss = -masked_mean(values, mask)
    means = {name: masked_mean(metric, mask) for name, metric in metrics.items()}
    return loss, {"loss": loss, **means}
