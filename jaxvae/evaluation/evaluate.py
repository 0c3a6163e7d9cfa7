"""The figures of a trained model on a test set, each with its standard error."""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.tree_util import Partial

from jaxvae.evaluation.batches import Batches, in_batches
from jaxvae.evaluation.figures import Estimate
from jaxvae.evaluation.likelihood import CHUNK, ImportanceEstimate, importance_estimate
from jaxvae.evaluation.pareto import SMALLEST_TAIL, pareto_shape, pareto_smoothed, tail_length, trust_threshold
from jaxvae.fast import draws_at_once
from jaxvae.keys import Purpose, key_for
from jaxvae.model import Model
from jaxvae.objectives import Objective
from jaxvae.observation import Example, number_of
from jaxvae.pytrees import dataclass
from jaxvae.typing import Key, Metrics, Params

_NEARLY_ALL = 0.99  # share of effective draws: the shape of a tail of equal weights is noise
_MOST_ABOVE = 0.1  # share of examples whose weights may have too heavy a tail


def examples_at_once(num_samples: int) -> int:
    """Examples in one batch of `in_batches` for log p(x) with `num_samples` draws each."""
    return max(1, draws_at_once() // min(num_samples, CHUNK))


@dataclass
class _Scored:
    """The inputs of a score: a pytree whose numbers are traced."""

    model: Model
    objective: Objective


@functools.cache  # one function object for one number, by which jit recognises it
def _marginal(num_samples: int) -> Callable[..., Metrics]:
    def marginal(scored: _Scored, params: Params, key: Key, example: Example) -> Metrics:
        model, x = scored.model.given(example)
        posterior = scored.objective.infer(model, params, key_for(key, Purpose.REFINEMENT), x)
        return importance_estimate(model, params, key, x, num_samples, posterior)._asdict()

    return marginal


@functools.cache
def _scores_and_marginal(num_samples: int) -> Callable[..., Metrics]:
    def first(scored: _Scored, params: Params, key: Key, example: Example) -> Metrics:
        score_key, marginal_key = jax.random.split(key)
        model, x = scored.model.given(example)
        scores = scored.objective.score(model, params, score_key, x)
        if "elbo" not in scores or num_samples == 0:
            return scores
        return scores | _marginal(num_samples)(scored, params, marginal_key, example)

    return first


class ImportanceReport(NamedTuple):
    """How reliable log p(x) of a test set is, by its draws and by the tails of their weights."""

    num_samples: int
    """K, the draws for each example and repeat."""
    num_repeats: int
    """R, the number of independent estimates; `log_marginal` is their mean."""
    draw_error: float | None
    """The standard error of the mean over examples that is due to the draws, nats: by the weights, to first order.

    None for K = 1, where one weight shows no spread."""
    repeat_error: float | None
    """The same by repeats: their standard deviation / √R; None for R = 1."""
    effective_sample_size: Estimate
    """Effective number among K draws, mean over examples."""
    pareto_shape: float | None
    """The median over examples of k̂; None if the tails are too short to tell."""
    threshold: float
    """The k̂ above which K draws are too few."""
    share_above: float | None
    """The share of examples with a k̂ above the threshold."""
    smoothed: Estimate | None
    """log p(x) with the largest weights smoothed, nats: see `pareto_smoothed`; None if the tails are too short."""
    jackknife: Estimate | None
    """log p(x) by the jackknife, nats; None for K = 1, and if one draw of an example has all the weight."""

    @property
    def is_reliable(self) -> bool:
        """Whether at most 10 % of the examples have a k̂ above the threshold, or all weights are nearly equal.

        False if K is too small to tell.
        """
        if self.share_above is None:
            return False
        are_equal = self.effective_sample_size.value > _NEARLY_ALL * self.num_samples
        return are_equal or self.share_above <= _MOST_ABOVE

    @property
    def error(self) -> float | None:
        """The larger of the two errors from the draws, nats; None if neither is known."""
        known = [error for error in (self.draw_error, self.repeat_error) if error is not None]
        return max(known) if known else None

    def samples_for(self, error: float) -> int | None:
        """The K for which `error`, falling as 1 / √K, would reach the given error [nats].

        None if `error` is not known.
        """
        return None if self.error is None else math.ceil(self.num_samples * (self.error / error) ** 2)


class Scores(NamedTuple):
    """The figures of a test set."""

    figures: dict[str, Estimate]
    """`log_likelihood`, and if the objective has a density also `elbo`, `kl` and `log_marginal`, nats."""
    importance: ImportanceReport | None
    """The reliability of `log_marginal`; None if the objective has no density, or if no draws were requested."""
    values: dict[str, np.ndarray]
    """The figures of each example, `[n]`."""


def evaluate(
    model: Model,
    objective: Objective,
    params: Params,
    key: Key,
    x: Example,
    *,
    num_samples: int,
    num_repeats: int = 1,
    progress: Callable[[int], Any] = lambda count: None,
) -> Scores:
    """Score a test set.

    Args:
        model: the model description.
        objective: the objective of the training: its scores are reported, and log p(x) if it has a density.
        params: all parameters.
        key: for the draws.
        x: preprocessed test data, `[n, *data_shape]`, or an `Observation` of them.
        num_samples: draws an example for log p(x) [samples]; 0 leaves it out.
        num_repeats: number of independent estimates of log p(x); their mean is reported.
        progress: called with the number of finished examples after each batch of each repeat.
    """
    scored, count = _Scored(model, objective), number_of(x)

    def over_examples(batches: Batches, key: Key) -> dict[str, np.ndarray]:
        results = []
        for batch in batches(key, x, min(examples_at_once(max(num_samples, 1)), count)):
            results.append(batch)
            progress(len(next(iter(batch.values()))))
        return {name: np.concatenate([batch[name] for batch in results]) for name in results[0]}

    def scores(figures: dict[str, np.ndarray], importance: ImportanceReport | None) -> Scores:
        """Of scores with one number an example; an objective may also score groups of dimensions."""
        single = {name: values for name, values in figures.items() if values.ndim == 1}
        return Scores({name: Estimate.of(values) for name, values in single.items()}, importance, single)

    figures = over_examples(in_batches(Partial(_scores_and_marginal(num_samples), scored, params)), key)
    if "elbo" not in figures or num_samples == 0:
        return scores(figures, None)
    again = in_batches(Partial(_marginal(num_samples), scored, params))
    others = [over_examples(again, jax.random.fold_in(key, count + repeat)) for repeat in range(1, num_repeats)]
    repeats = [{name: figures.pop(name) for name in ImportanceEstimate._fields}, *others]
    figures["log_marginal"] = np.mean([repeat["log_marginal"] for repeat in repeats], axis=0)
    return scores(figures, _importance_report(repeats, num_samples))


def _importance_report(repeats: list[dict[str, np.ndarray]], num_samples: int) -> ImportanceReport:
    errors = np.stack([repeat["draw_error"] for repeat in repeats]).astype(np.float64)  # [repeats, examples]
    means = [float(np.mean(repeat["log_marginal"], dtype=np.float64)) for repeat in repeats]
    shapes = np.concatenate([pareto_shape(repeat["largest"], num_samples) for repeat in repeats])
    smoothed = [pareto_smoothed(repeat["largest"], repeat["rest"], num_samples) for repeat in repeats]
    corrected = np.asarray(np.mean([repeat["jackknife"] for repeat in repeats], axis=0, dtype=np.float64))
    threshold, known = trust_threshold(num_samples), tail_length(num_samples) >= SMALLEST_TAIL
    return ImportanceReport(
        num_samples=num_samples,
        num_repeats=len(repeats),
        draw_error=float(np.sqrt(np.sum(errors**2)) / errors.size) if num_samples > 1 else None,
        repeat_error=float(np.std(means, ddof=1) / math.sqrt(len(means))) if len(means) > 1 else None,
        effective_sample_size=Estimate.of(np.mean([repeat["effective_sample_size"] for repeat in repeats], axis=0)),
        pareto_shape=float(np.median(shapes)) if known else None,
        threshold=threshold,
        share_above=float(np.mean(~(shapes <= threshold))) if known else None,
        smoothed=Estimate.of(np.mean(smoothed, axis=0)) if known else None,
        jackknife=Estimate.of(corrected) if np.all(np.isfinite(corrected)) else None,
    )
