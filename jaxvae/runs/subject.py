"""A trained model and its test set, for every group of metrics, and what to measure."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from jaxvae.errors import UserError
from jaxvae.evaluation import NO_DENSITY, in_batches
from jaxvae.evaluation.figures import spread
from jaxvae.objectives import WithoutDensity
from jaxvae.report.terminal import ExampleBar
from jaxvae.runs.directory import CodeDensity
from jaxvae.runs.setup import Setup, Stream, stream_key
from jaxvae.training import TrainState
from jaxvae.typing import Array, Key, Params


@dataclasses.dataclass(frozen=True)
class EvaluationFlags:
    """What to measure, and how precisely.

    Args:
        metrics: groups of metrics.
        num_samples: importance samples an example for log p(x) [samples]; 0 leaves it out.
        num_repeats: number of independent estimates of log p(x), for its error over repeats.
        target_error: wanted error of log p(x) by its draws [nats]; if it is missed, a line says how many samples it
            takes.
        gap_examples: test examples for the gaps [examples].
        annealed_examples: test examples, and simulated ones, for annealed importance sampling [examples].
        num_temperatures: number of temperatures of annealed importance sampling.
        num_chains: chains of annealed importance sampling for each example.
        num_generated: samples to compare with the test set; by default as many as it has, at most 10,000.
        code_density: for an objective without a density, the density of their codes.
        inception: path of weights-inception-2015-12-05-6726825d.pth of torch-fidelity; its features then replace
            those of a classifier that is trained on the data set's labels.
        autoencoder_epochs: training of the autoencoder whose codes are compared with the model's [epochs].

    Raises:
        UserError: for a number out of range.
    """

    metrics: tuple[str, ...] = ("likelihood", "latents")
    num_samples: int = 5000
    num_repeats: int = 1
    target_error: float | None = None
    gap_examples: int = 200
    annealed_examples: int = 20
    num_temperatures: int = 500
    num_chains: int = 16
    num_generated: int | None = None
    code_density: CodeDensity | None = None
    inception: str | None = None
    autoencoder_epochs: int = 10

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name == "num_samples" else 1
            if isinstance(value, int) and value < least:
                raise UserError(f"--{field.name} must be >= {least}, got {value}")
        if self.inception is not None and not Path(self.inception).expanduser().is_file():
            raise UserError(
                f"--inception must be the path of weights-inception-2015-12-05-6726825d.pth, got {self.inception}, "
                f"which is not a file"
            )
        if self.target_error is not None and not self.target_error > 0.0:
            raise UserError(f"--target_error must be > 0, got {self.target_error}")


@dataclasses.dataclass(frozen=True)
class Subject:
    """A trained model and its test set, as every group of metrics sees them."""

    setup: Setup
    state: TrainState
    seed: int
    x: Array
    flags: EvaluationFlags
    console: Console

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

    def spread(self, count: int) -> Array:
        """At most `count` test examples, spread evenly, since a file may be sorted by class."""
        return spread(self.x, count)

    def require_density(self) -> None:
        """Refuse a metric that needs a density if there is none."""
        if not self.has_density:
            raise UserError(NO_DENSITY)

    def per_example(self, function: Callable[[Key, Array], Any], key: Key, x: Array, at_once: int, what: str) -> Any:
        """A function of one example, over many, with a bar: a dictionary of `[n]` arrays."""
        batches = []
        with ExampleBar(self.console, what, len(x)) as bar:
            for batch in in_batches(function)(key, x, min(at_once, len(x))):
                batches.append(batch)
                bar.advance(len(next(iter(batch.values()))))
        return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def say_notes(setup: Setup, console: Console) -> None:
    """Print the notes on the data, a line each."""
    for note in setup.notes:
        console.print(f"data: {note}", highlight=False, soft_wrap=True)


def warn(console: Console, line: str) -> None:
    """Print one line on a problem with a figure."""
    console.print(f"warning: {line}", highlight=False, soft_wrap=True)
