"""From a trained run to `evaluation.json`: groups of metrics, of which one that fails leaves the others alone."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich.console import Console

from jaxvae.cli.run_directory import EVALUATION
from jaxvae.cli.setup import Setup, Stream, stream_key
from jaxvae.errors import UserError, nearest
from jaxvae.evaluation import (
    NO_DENSITY,
    Annealing,
    ImportanceReport,
    InferenceGaps,
    annealed_document,
    annealed_log_marginal,
    collapse_warning,
    diagnose,
    diagnostics_document,
    evaluate,
    gaps_document,
    importance_estimate,
    in_batches,
    independent_baseline,
    inference_gaps,
    likelihood_document,
    missing,
    provenance,
    reverse_annealed_log_marginal,
)
from jaxvae.objectives import WithoutDensity
from jaxvae.report.terminal import evaluation_table, example_bar
from jaxvae.training import TrainState
from jaxvae.typing import Array, Key, Params

_EXAMPLES_FOR_BASELINE = 50_000
_GAP_STEPS, _GAP_EXAMPLES_AT_ONCE = 500, 50
_ANNEALED_AT_ONCE = 4  # examples: they are walked together


@dataclasses.dataclass(frozen=True)
class EvaluationFlags:
    """What to measure, and how precisely.

    Args:
        metrics: groups of metrics: likelihood (ELBO, log p(x), rate, distortion), latents (active units, I(x; z), KL of
            each dimension), gaps (approximation and amortisation), annealed (annealed importance sampling, both ways).
        num_samples: importance samples an example for log p(x) [samples].
        num_repeats: independent estimates of log p(x), for its error over repeats.
        target_error: the error of log p(x) by its draws that must be reached [nats]; a line says how many samples it
            takes where it is not.
        gap_examples: test examples for the gaps [examples].
        annealed_examples: test examples, and simulated ones, for annealed importance sampling [examples].
        num_temperatures: of annealed importance sampling.
        num_chains: of annealed importance sampling, an example.

    Raises:
        UserError: for an unknown group or a number out of range.
    """

    metrics: tuple[str, ...] = ("likelihood", "latents")
    num_samples: int = 5000
    num_repeats: int = 1
    target_error: float | None = None
    gap_examples: int = 200
    annealed_examples: int = 20
    num_temperatures: int = 500
    num_chains: int = 16

    def __post_init__(self) -> None:
        for name in self.metrics:
            if name not in GROUPS:
                raise UserError(f"--metrics must be of {', '.join(GROUPS)}; got {name!r}{nearest(name, GROUPS)}")
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.type in (int, "int") and value < 1:
                raise UserError(f"--{field.name} must be >= 1, got {value}")
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
        """The parameters that count."""
        return self.state.evaluation_params

    @property
    def has_density(self) -> bool:
        """Whether the objective trains a density of x."""
        return not isinstance(self.setup.training.objective, WithoutDensity)

    def key(self, stream: Stream) -> Key:
        """The key of one stream of the run."""
        return stream_key(self.seed, stream)

    def spread(self, count: int) -> Array:
        """So many test examples, or all, spread evenly: a file may be sorted by class."""
        count = min(count, len(self.x))
        return self.x[np.linspace(0, len(self.x) - 1, count).astype(int)]

    def require_density(self) -> None:
        """Refuse a metric of a density that is not there."""
        if not self.has_density:
            raise UserError(NO_DENSITY)

    def per_example(self, function: Callable[[Key, Array], Any], key: Key, x: Array, at_once: int, what: str) -> Any:
        """A function of one example, over many, with a bar: a dictionary of `[n]` arrays."""
        batches = []
        with example_bar(self.console, what) as progress:
            task = progress.add_task(what, total=len(x))
            for batch in in_batches(function)(key, x, min(at_once, len(x))):
                batches.append(batch)
                progress.advance(task, len(next(iter(batch.values()))))
        return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def likelihood(subject: Subject) -> dict[str, Any]:
    """ELBO, log p(x), rate, distortion, baseline."""
    training, flags = subject.setup.training, subject.flags
    with example_bar(subject.console, "log p(x)") as progress:
        task = progress.add_task("log p(x)", total=len(subject.x) * (flags.num_repeats if subject.has_density else 1))
        scores = evaluate(
            subject.model,
            training.objective,
            subject.params,
            subject.key(Stream.EVALUATION),
            subject.x,
            num_samples=flags.num_samples,
            num_repeats=flags.num_repeats,
            progress=lambda count: progress.advance(task, count),
        )
    if scores.importance is not None:
        for line in _doubts(scores.importance, flags.target_error):
            warn(subject.console, line)
    fit_on = jax.jit(training.preprocessing)(
        subject.key(Stream.EXAMPLES), subject.setup.dataset.train.images[:_EXAMPLES_FOR_BASELINE]
    )
    return likelihood_document(
        scores,
        jax.jit(independent_baseline)(training.model.likelihood, fit_on),
        training.model.likelihood,
        training.preprocessing,
        subject.x,
        prior=subject.model.prior.report(subject.model, subject.params),
    )


def _doubts(report: ImportanceReport, target_error: float | None) -> list[str]:
    """What is to be said against an estimate of log p(x)."""
    lines = []
    if not report.is_reliable:
        lines.append(
            f"log p(x) is a lower bound that more draws may raise: of {report.share_above:.0%} of the examples the "
            f"weights have a tail with k̂ > {report.threshold:.2f}; raise --num_samples, or add --metrics annealed"
        )
    error = report.draw_error if report.repeat_error is None else max(report.draw_error, report.repeat_error)
    if target_error is not None and error > target_error:
        lines.append(
            f"the error of log p(x) by its draws is {error:.2g} nats, wanted {target_error:g}: give --num_samples "
            f"{report.samples_for(target_error)}"
        )
    return lines


def latents(subject: Subject) -> dict[str, Any]:
    """What the latents carry."""
    if not subject.has_density:
        return {"diagnostics": diagnostics_document(None)}
    found = diagnose(subject.model, subject.params, subject.key(Stream.DIAGNOSTICS), subject.x)
    if (warning := collapse_warning(found)) is not None:
        warn(subject.console, warning)
    return {"diagnostics": diagnostics_document(found)}


def gaps(subject: Subject) -> dict[str, Any]:
    """The approximation and the amortisation gap."""
    subject.require_density()
    num_samples = subject.flags.num_samples

    def one(key: Key, x: Array) -> dict[str, Array]:
        return inference_gaps(
            subject.model, subject.params, key, x, num_samples=num_samples, steps=_GAP_STEPS
        )._asdict()

    x = subject.spread(subject.flags.gap_examples)
    found = subject.per_example(one, subject.key(Stream.GAPS), x, _GAP_EXAMPLES_AT_ONCE, "gaps")
    return {"gaps": gaps_document(InferenceGaps(**found), steps=_GAP_STEPS, num_samples=num_samples)}


def annealed(subject: Subject) -> dict[str, Any]:
    """log p(x) of test examples by annealing, and its bracket on examples that the model itself made."""
    subject.require_density()
    model, params, flags = subject.model, subject.params, subject.flags
    annealing = Annealing(num_temperatures=flags.num_temperatures, num_chains=flags.num_chains)

    def test(key: Key, x: Array) -> dict[str, Array]:
        annealed_key, importance_key = jax.random.split(key)
        estimate = annealed_log_marginal(model, params, annealed_key, x, annealing)
        importance = importance_estimate(model, params, importance_key, x, flags.num_samples).log_marginal
        return {"annealed": estimate.log_marginal, "importance": importance}

    def simulated(key: Key, index: Array) -> dict[str, Array]:
        del index
        prior_key, likelihood_key, lower_key, upper_key = jax.random.split(key, 4)
        z = model.sample_prior(params, prior_key)
        x = model.decode(params, z).sample(likelihood_key)
        lower = annealed_log_marginal(model, params, lower_key, x, annealing)
        upper = reverse_annealed_log_marginal(model, params, upper_key, x, z, annealing)
        return {"lower": lower.log_marginal, "upper": upper.log_marginal, "acceptance": lower.acceptance}

    test_key, simulated_key = jax.random.split(subject.key(Stream.ANNEALING))
    x = subject.spread(flags.annealed_examples)
    found = subject.per_example(test, test_key, x, _ANNEALED_AT_ONCE, "annealing, test")
    indices = np.arange(flags.annealed_examples)
    bracket = subject.per_example(simulated, simulated_key, indices, _ANNEALED_AT_ONCE, "annealing, simulated")  # type: ignore[arg-type]
    acceptance = float(np.mean(bracket.pop("acceptance")))
    return {"annealed": annealed_document(**found, **bracket, acceptance=acceptance, annealing=annealing)}


GROUPS: dict[str, Callable[[Subject], dict[str, Any]]] = {
    "likelihood": likelihood,
    "latents": latents,
    "gaps": gaps,
    "annealed": annealed,
}


def warn(console: Console, line: str) -> None:
    """One line that says what is wrong with a figure."""
    console.print(f"warning: {line}", highlight=False, soft_wrap=True)


def evaluate_run(
    run_dir: Path, setup: Setup, state: TrainState, seed: int, flags: EvaluationFlags, console: Console
) -> dict[str, Any]:
    """Measure a test set, write `evaluation.json`, and show the table.

    A group that cannot be measured is said in one line, and stands in the document with its reason. Groups of an
    earlier evaluation stay in the document where it was made of the same parameters and data, by the same code and
    machine.

    Returns:
        The document that was written.
    """
    training, dataset = setup.training, setup.dataset
    x = training.preprocessing.for_evaluation(dataset.test.images, "test")
    subject = Subject(setup, state, seed, x, flags, console)
    document = provenance(
        x,
        data=dataset.name,
        split="test",
        binarize=training.preprocessing.binarize,
        dequantize=training.preprocessing.dequantize,
        symmetric=training.preprocessing.symmetric,
        parameters="current" if state.average is None else "moving average",
        checkpoint="best",
        epoch=int(state.epoch),
        step=int(state.step),
        seed=seed,
    )
    document |= _earlier(run_dir / EVALUATION, document)
    for name in flags.metrics:
        try:
            document |= GROUPS[name](subject)
        except (UserError, NotImplementedError) as error:
            warn(console, f"{name}: {error}")
            document[name] = missing(str(error))
    write_document(run_dir / EVALUATION, document)
    console.print()
    console.print(evaluation_table(document))
    return document


def _earlier(path: Path, context: dict[str, Any]) -> dict[str, Any]:
    """The entries of an earlier evaluation of the same parameters and data, by the same code and machine; else none."""
    try:
        earlier = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError):
        return {}
    return earlier if all(earlier.get(name) == value for name, value in context.items()) else {}


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Write JSON so that a kill in between leaves the old file."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(json.dumps(document, indent=2) + "\n")
    unfinished.replace(path)
