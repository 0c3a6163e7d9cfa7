"""A training in one description: the model, the objective, the optimiser and the data."""

import dataclasses
import math
from typing import Any, Literal

import jax
import optax

from jaxvae.checks import check_choice, check_component, check_range
from jaxvae.data.preprocessing import Preprocessing
from jaxvae.errors import UserError, nearest
from jaxvae.objectives import ELBO, Bound, Objective
from jaxvae.pytrees import dataclass
from jaxvae.training.optimizer import Optimizer
from jaxvae.typing import Array, Params

_EPOCHS_OF_DIGITS, _DIGITS = 200, 1437  # enough for the embedded digits
_FEWEST_EPOCHS, _MOST_EPOCHS = 10, 1000
_SHARE_WAITED, _FEWEST_WAITED = 0.2, 10  # share of the epochs, and epochs: a slowly rising score often pauses


def epochs_by_size(num_examples: int) -> int:
    """The default number of passes over a training set: fewer for larger sets, but more steps in total [epochs].

    epochs = 200 √(1437 / n), from 10 to 1,000: the steps grow with √n, and the 1,437 embedded digits get 200.

    >>> [epochs_by_size(count) for count in (30, 1437, 50_000, 1_000_000)]
    [1000, 200, 34, 10]
    """
    epochs = round(_EPOCHS_OF_DIGITS * math.sqrt(_DIGITS / num_examples))
    return min(max(epochs, _FEWEST_EPOCHS), _MOST_EPOCHS)


@dataclass
class Training:
    """A training run: how a model is trained, and for how long.

    It is a pytree whose numbers (β, learning rate, …) are traced, so runs can be stacked and vmapped.

    Args:
        model: the model description.
        preprocessing: from raw examples to x.
        optimizer: how gradients become updates: an `Optimizer`, or any `optax.GradientTransformation`. Keep that
            object: one that is built again is another program.
        objective: the loss to minimise.
        batch_size: examples a step; the last batch of an epoch is padded and masked [examples].
        epochs: largest number of passes over the training data [epochs]; by default 200 √(1437 / n) for n training
            examples, from 10 to 1,000: 200 for the digits, 34 for MNIST.
        accumulate: number of parts of a batch whose gradients are summed one after another: the same step with less
            memory [parts]. It must divide `batch_size`. By default 1; on a CPU, for an objective that is a mean over
            examples, as many as keep a part within the cache (`fitting_parts`).
        patience: stop when validation has not improved for this many epochs [epochs], or `never`; by default a fifth of
            `epochs`, at least 10. The best epoch is always kept.
        freeze: parts of the parameters that are not trained: encoder, decoder, posterior, prior, likelihood.

    Raises:
        UserError: for a number below 1, or an objective that cannot train the model with these batches.
    """

    model: Any
    preprocessing: Preprocessing
    optimizer: Optimizer | optax.GradientTransformation = Optimizer()
    objective: Objective = ELBO()
    batch_size: int = 100
    epochs: int | None = None
    accumulate: int | None = None
    patience: int | Literal["never"] | None = None
    freeze: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_component(self, Objective, objective=self.objective)
        check_component(self, Optimizer, optimizer=self.updates)
        check_range(self, at_least=1, batch_size=self.batch_size, epochs=self.epochs, patience=self.patience)
        check_range(self, at_least=1, accumulate=self.accumulate)
        check_choice(self, ("never",), patience=self.patience)
        smallest = self.objective.smallest_batch
        if self.batch_size < smallest:
            raise UserError(
                f"{type(self.objective).__name__} compares the codes of a batch and needs {smallest} of them at least, "
                f"got {self.batch_size}: raise `batch_size`"
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
    def updates(self) -> Optimizer:
        """How gradients become updates: `optimizer`, with a transformation of Optax as the chain of an `Optimizer`."""
        own = self.optimizer
        return Optimizer(own) if isinstance(own, optax.GradientTransformation) else own

    def check_frozen(self, params: Params) -> None:
        """Check that `freeze` names parts of the parameters, and not all of them.

        Raises:
            UserError: naming the parts that there are.
        """
        parts = sorted(name for name in params if jax.tree.leaves(params[name]))
        for name in self.freeze:
            if name not in params:
                raise UserError(
                    f"Training.freeze must name parts of the parameters, {', '.join(parts)}; got {name!r}"
                    f"{nearest(name, parts)}"
                )
        if set(parts) <= set(self.freeze):
            raise UserError(f"Training.freeze must leave something to train, got all of {', '.join(parts)}")

    @property
    def has_parts(self) -> bool:
        """Whether the loss and the metrics of a batch are surely the means of those of its parts."""
        return type(self.objective).loss is Bound.loss

    def for_examples(self, num_examples: int) -> "Training":
        """The same training, with options that depend on the training set and the length of the run as numbers.

        `fit`, `create_state` and the steps call it. On its own result it changes nothing.

        Args:
            num_examples: size of the training set [examples].

        Example:
            >>> import jaxvae as jv
            >>> training = Training(jv.VAE((2,), 1), Preprocessing()).for_examples(50_000)
            >>> training.epochs, training.patience
            (34, 10)
        """
        epochs = epochs_by_size(num_examples) if self.epochs is None else self.epochs
        waited = max(round(_SHARE_WAITED * epochs), _FEWEST_WAITED) if self.patience is None else self.patience
        num_steps = epochs * self.steps_per_epoch(num_examples)
        model, objective = self.model.for_run(num_steps), self.objective.for_run(num_examples, num_steps)
        is_resolved = model is self.model and objective is self.objective
        if is_resolved and (epochs, waited) == (self.epochs, self.patience):
            return self
        return dataclasses.replace(self, model=model, objective=objective, epochs=epochs, patience=waited)

    @property
    def num_epochs(self) -> int:
        """`epochs`, which must be a number here [epochs].

        Raises:
            UserError: if they depend on a training set that is not known here.
        """
        if self.epochs is None:
            raise UserError(
                "Training.epochs must be a number here, got None, which follows the training set: take "
                "training.for_examples(num_examples), or give a number"
            )
        return self.epochs

    def num_steps(self, num_examples: int) -> int:
        """Steps of the whole run, if nothing stops it early [steps]."""
        return self.num_epochs * self.steps_per_epoch(num_examples)

    def goes_on(self, epoch: Array | int, epochs_since_best: Array | int) -> Array | bool:
        """Whether another epoch follows, `[]` bool: not after the last, nor after `patience` without improvement."""
        is_patient = not isinstance(self.patience, int) or epochs_since_best < self.patience
        return (epoch < self.num_epochs) & is_patient

    def steps_per_epoch(self, num_examples: int) -> int:
        """Steps that visit every example once [steps]."""
        return math.ceil(num_examples / self.batch_size)

    def transformation(self, num_examples: int) -> optax.GradientTransformation:
        """The Optax transformation for a training set of that size."""
        return self.updates.transformation(self.num_steps(num_examples))
