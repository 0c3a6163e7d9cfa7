"""What an objective is: a loss over a batch, made of per-example bounds."""

import abc
import dataclasses
from typing import Any, ClassVar, Self

from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.errors import UserError
from jaxvae.model import Model
from jaxvae.objectives.batch_means import batch_loss
from jaxvae.objectives.scoring import Scoring
from jaxvae.objectives.state import WithState
from jaxvae.observation import Example
from jaxvae.typing import Array, Key, Metrics, Params


class Objective(WithState, abc.ABC):
    """What training minimises, and what validation looks at."""

    monitor: ClassVar[str] = "elbo"
    """The validation score that decides early stopping and the best checkpoint; higher is better.

    By default the true ELBO. An objective that raises something else (another bound, a minimum rate) names its own
    value, if that value means the same in every epoch.
    """

    smallest_batch: ClassVar[int] = 1
    """The fewest examples of a batch: two if the objective compares the codes of examples."""

    needs_labels: ClassVar[bool] = False
    """Whether it is another objective without the label of any example."""

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
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """The loss to minimise, and metrics: means over the examples that `mask` keeps.

        Args:
            model: the model description.
            params: all parameters.
            keys: one key for each example, `[batch]`.
            x: examples, `[batch, *data_shape]`, or an `Observation` of them: `model.given(example, key)` of each.
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
        """What validation reports of ONE example, which the model is `given` already; see `summary`."""

    def summary(self, means: Metrics) -> Metrics:
        """What validation reports of all examples: numbers `[]`, among them `monitor`.

        By default the means of their scores. An objective whose value is a function of these means, such as free bits,
        adds it here.
        """
        return means


class Bound(Objective):
    """An objective that maximises the mean of one value an example."""

    @abc.abstractmethod
    def bound(self, model: Model, params: Params, key: Key, x: Array, step: Array) -> tuple[Array, Metrics]:
        """The value to maximise for ONE example, `[]`, and metrics; the model is `given` the example already."""

    def loss(
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Minus the mean bound of the batch, nats per example."""
        return batch_loss(lambda model, key, x: self.bound(model, params, key, x, step), model, keys, x, mask)
