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
    """How many draws of z an example they average; None if every z is enumerated."""
    kl: Literal["closed_form", "sampled"] = "closed_form"
    """`closed_form`: the closed form if the pair has one. `sampled`: always log q(z|x) − log p(z) of the draws."""
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
    """The validation score that decides early stopping and the best checkpoint; higher is better.

    By default the true ELBO. An objective that raises something else (another bound, a minimum rate) names its own
    value, if that value means the same in every epoch.
    """

    smallest_batch: ClassVar[int] = 1
    """The fewest examples of a batch: two if the objective compares the codes of examples."""

    def init(self, key: Key, model: Model, examples: Array | None) -> Params:
        """Draw the objective's own parameters, kept in `params["objective"]`; by default there are none.

        State that no gradient moves (a multiplier, a moving average) goes under `fixed`; `update` moves it.
        """
        del key, model, examples
        return {}

    def update(self, model: Model, params: Params, keys: Key, x: Array, mask: Array, step: Array) -> Params:
        """The parameters with the entries under `fixed` updated; by default unchanged.

        It gets the arguments that `loss` got, before the gradient step. XLA computes what the two share only once.
        """
        del model, keys, x, mask, step
        return params

    def moves(self, params: Params, step: Array, component: str) -> Array | bool:
        """Whether the optimiser changes `params[component]` in this step; by default it changes all of them."""
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
                f"its state as it is: take `objective={trained_by}()`"
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
        """The objective with every option that depends on the run as a number; `self` if nothing changes.

        By default it resolves the `schedule`. `Training.for_examples` calls it first of all. Calling it again on its
        own result changes nothing.

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
        """The first step whose validation score counts [steps]: the warm-up of its `schedule`, else 0."""
        schedule = getattr(self, "schedule", None)
        return 0 if schedule is None else schedule.warmup_steps

    @abc.abstractmethod
    def loss(
        self, model: Model, params: Params, keys: Key, x: Array, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """The loss to minimise, and metrics: means over the examples that `mask` keeps.

        Args:
            model: the model description.
            params: all parameters.
            keys: one key for each example, `[batch]`.
            x: examples, `[batch, *data_shape]`.
            mask: which of them count, `[batch]` bool; the others are padding.
            step: training step from 0, `[]`, for schedules.
        """

    def infer(self, model: Model, params: Params, key: Key, x: Array) -> SupportsSampleAndLogProb:
        """The q(z|x) of ONE example from which evaluation draws; by default the encoder's output."""
        del key
        return model.encode(params, x)

    @property
    def scoring(self) -> Scoring:
        """How `score` is estimated: by default from one draw, with the KL in closed form if there is one."""
        return Scoring()

    @abc.abstractmethod
    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """What validation reports of ONE example; see `summary`."""

    def summary(self, means: Metrics) -> Metrics:
        """What validation reports of all examples: numbers `[]`, among them `monitor`.

        By default the means of their scores. An objective whose value is a function of these means, such as free bits,
        adds it here.
        """
        return means


class Bound(Objective):
    """An objective that maximises the mean of one value an example."""

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
    """`value` with the score-function gradient added: its gradient gains (value − baseline) · ∇score.

    ∇E_q[f] = E_q[∇f + (f − baseline) · ∇log q]

    score is log q of the part that is not reparameterized (`Draw.score`). If all is reparameterized it is 0: then
    nothing is added, and XLA drops the term. The baseline must not depend on the draw. It lowers the variance and adds
    no bias, since E_q[∇log q] = 0. Williams 1992, section 4.
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
