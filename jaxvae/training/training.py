"""What is trained and how, as one description."""

import math
from typing import Any

import optax

from jaxvae.checks import check_component, check_range
from jaxvae.data.preprocessing import Preprocessing
from jaxvae.errors import UserError
from jaxvae.objectives import ELBO, Bound, Objective
from jaxvae.pytrees import dataclass
from jaxvae.training.optimizer import Optimizer


@dataclass
class Training:
    """A training run: a pytree whose numbers (β, learning rate, …) are traced, so that runs can be stacked and vmapped.

    Args:
        model: the model description.
        preprocessing: from raw examples to x.
        optimizer: how gradients become updates.
        objective: what is minimised.
        batch_size: examples a step; the last batch of an epoch is padded and masked [examples].
        epochs: passes over the training data at most [epochs].
        accumulate: parts of a batch whose gradients are summed one after the other: the same step for less memory
            [parts]; it must divide `batch_size`. By default 1, and on a CPU, for an objective that is a mean over
            examples, as many as keep a part within the cache (`fitting_parts`).
        patience: stop when validation has not improved for so many epochs [epochs]; never by default.

    Raises:
        UserError: for a number below 1, or an objective that cannot train the model, or not with such batches.
    """

    model: Any
    preprocessing: Preprocessing
    optimizer: Optimizer = Optimizer()
    objective: Objective = ELBO()
    batch_size: int = 100
    epochs: int = 200
    accumulate: int | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        check_component(self, Objective, objective=self.objective)
        check_component(self, Optimizer, optimizer=self.optimizer)
        check_range(self, at_least=1, batch_size=self.batch_size, epochs=self.epochs, patience=self.patience)
        check_range(self, at_least=1, accumulate=self.accumulate)
        smallest = self.objective.smallest_batch
        if self.batch_size < smallest:
            raise UserError(
                f"{type(self.objective).__name__} compares the codes of a batch and needs {smallest} of them at least, "
                f"got {self.batch_size}: raise --batch_size"
            )
        if self.accumulate is not None and self.batch_size % self.accumulate:
            raise UserError(
                f"Training.accumulate must divide batch_size {self.batch_size}, got {self.accumulate}: parts are of "
                f"one size"
            )
        if self.accumulate not in (None, 1) and not isinstance(self.objective, Bound):
            raise UserError(
                f"Training.accumulate is for objectives that are a mean over examples (ELBO, IWAE, …), got "
                f"{type(self.objective).__name__}, which looks at a whole batch: set it to 1"
            )
        self.objective.check_model(self.model)

    @property
    def has_parts(self) -> bool:
        """Whether the loss and the metrics of a batch are known to be the means of those of its parts."""
        return type(self.objective).loss is Bound.loss

    def steps_per_epoch(self, num_examples: int) -> int:
        """Steps that visit every example once [steps]."""
        return math.ceil(num_examples / self.batch_size)

    def transformation(self, num_examples: int) -> optax.GradientTransformation:
        """The Optax transformation for a training set of that size."""
        return self.optimizer.transformation(self.epochs * self.steps_per_epoch(num_examples))
