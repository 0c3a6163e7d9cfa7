"""A bound and a classification loss, for examples of which some have a label."""

import dataclasses
from typing import Any, Self

from jaxvae.checks import check_component, check_range
from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.errors import UserError
from jaxvae.model import Model
from jaxvae.objectives.elbo import ELBO
from jaxvae.objectives.objective import Bound
from jaxvae.objectives.scoring import Scoring
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params


@dataclass
class SemiSupervised(Bound):
    """Another bound, with a classification loss of the examples whose class is known.

    J(x) = bound(x) + α log q(y|x) where y is known, bound(x) elsewhere

    Where the class is known, q(y|x) in the bound is that class, so that the encoder's classes would learn from
    unlabelled examples alone. Kingma et al. 2014, equation 9. A run repeats labelled examples (`labelled_share`), and
    with them their bound, so that it weighs more than that of others. The metric `label_log_prob` is 0 where y is not
    known.

    Args:
        objective: the bound; by default the ELBO with an exact sum over the classes.
        weight: α [nats per nat].

    Raises:
        UserError: for a negative weight, or an objective that is no mean over examples or SemiSupervised itself.
    """

    objective: Bound = ELBO(expectation="enumerated")
    weight: float = 50.0
    needs_labels = True

    def __post_init__(self) -> None:
        check_component(self, Bound, objective=self.objective)
        if isinstance(self.objective, SemiSupervised):
            raise UserError(
                "SemiSupervised.objective must be another bound, got SemiSupervised: raise `objective.weight` for more "
                "of its term"
            )
        check_range(self, at_least=0.0, weight=self.weight)

    @property
    def monitor(self) -> str:  # type: ignore[override]
        """That of the bound."""
        return self.objective.monitor

    @property
    def warmup_steps(self) -> int:
        """That of the bound [steps]."""
        return self.objective.warmup_steps

    def check_model(self, model: Any) -> None:
        """As the bound does, and that the model has a class."""
        self.objective.check_model(model)
        if not hasattr(model, "label_log_prob"):
            raise UserError(
                f"SemiSupervised needs a model with label_log_prob(params, x), got {type(model).__name__}: take a VAE "
                f"with `posterior=ClassAndNormal()`"
            )

    def check_run(self, num_steps: int, data_range: float) -> None:
        """As the bound does."""
        self.objective.check_run(num_steps, data_range)

    def for_run(self, num_examples: int, num_steps: int) -> Self:
        """With the bound for that run."""
        objective = self.objective.for_run(num_examples, num_steps)
        return self if objective is self.objective else dataclasses.replace(self, objective=objective)

    def bound(self, model: Any, params: Params, key: Key, x: Array, step: Array) -> tuple[Array, Metrics]:
        """The bound of ONE example and its classification term."""
        value, metrics = self.objective.bound(model, params, key, x, step)
        log_prob = model.label_log_prob(params, x)
        return value + self.weight * log_prob, {**metrics, "label_log_prob": log_prob}

    def infer(self, model: Model, params: Params, key: Key, x: Array) -> SupportsSampleAndLogProb:
        """As the bound does."""
        return self.objective.infer(model, params, key, x)

    @property
    def scoring(self) -> Scoring:
        """That of the bound."""
        return self.objective.scoring

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """That of the bound."""
        return self.objective.score(model, params, key, x)

    def summary(self, means: Metrics) -> Metrics:
        """That of the bound."""
        return self.objective.summary(means)
