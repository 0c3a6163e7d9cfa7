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
from jaxvae.typing import Array, Key, Metrics, Params


class Objective(WithState, abc.ABC):
    """What training minimises, and what validation looks at."""

    monitor: ClassVar[str] = "elbo"
    """The validation score, higher is better, that early stopping and the best checkpoint go by.

    The true ELBO; where that is not what training raises (a rate held up, another bound), the objective's own value, if
    it means the same in every epoch.
    """

    smallest_batch: ClassVar[int] = 1
    """Examples that a batch must have at least: two for what compares the codes of examples."""

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
    def bound(self, model: Model, params: Params, key: Key, x: Array, step: Array) -> tuple[Array, Metrics]:
        """The value to maximise for ONE example, `[]`, and metrics."""

    def loss(
        self, model: Model, params: Params, keys: Key, x: Array, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Minus the mean bound of the batch, nats per example."""
        return batch_loss(lambda key, x: self.bound(model, params, key, x, step), keys, x, mask)
