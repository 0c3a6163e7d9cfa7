"""A trained model and its test set, as every group of metrics sees them."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxvae.errors import UserError
from jaxvae.evaluation import in_batches
from jaxvae.evaluation.figures import NO_DENSITY, spread
from jaxvae.objectives import WithoutDensity
from jaxvae.observation import Example, number_of
from jaxvae.runs.evaluation_flags import EvaluationFlags
from jaxvae.runs.reporter import Reporter
from jaxvae.runs.setup import Setup
from jaxvae.runs.streams import Stream, stream_key
from jaxvae.training import TrainState
from jaxvae.typing import Key, Params


@dataclasses.dataclass(frozen=True)
class Subject:
    """A trained model and its test set, as every group of metrics sees them."""

    setup: Setup
    state: TrainState
    seed: int
    x: Example
    """The test set, preprocessed."""
    flags: EvaluationFlags
    reporter: Reporter

    @property
    def model(self) -> Any:
        """The model as it is at the step of the checkpoint."""
        return self.setup.training.model.at_step(self.state.step)

    @property
    def params(self) -> Params:
        """The parameters to evaluate."""
        return self.state.evaluation_params

    @property
    def has_density(self) -> bool:
        """Whether the objective trains a density of x."""
        return not isinstance(self.setup.training.objective, WithoutDensity)

    def key(self, stream: Stream) -> Key:
        """The key of one stream of the run."""
        return stream_key(self.seed, stream)

    def spread(self, count: int) -> Example:
        """At most `count` test examples, spread evenly, since a file may be sorted by class."""
        return spread(self.x, count)

    def require_density(self) -> None:
        """Refuse a metric that needs a density if there is none."""
        if not self.has_density:
            raise UserError(NO_DENSITY)

    def per_example(self, function: Callable[[Key, Any], Any], key: Key, x: Example, at_once: int, what: str) -> Any:
        """A function of one example, over many, with a bar: a dictionary of `[n]` arrays."""
        batches = []
        count = number_of(x)
        with self.reporter.examples(what, count) as bar:
            for batch in in_batches(function)(key, x, min(at_once, count)):
                batches.append(batch)
                bar.advance(len(next(iter(batch.values()))))
        return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
