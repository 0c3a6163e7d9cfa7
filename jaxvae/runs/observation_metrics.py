"""Groups of metrics of hidden entries and of conditions: how well a model finds what it was not shown."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.conditions import Condition
from jaxvae.errors import UserError
from jaxvae.evaluation import class_log_probs, class_probs, impute
from jaxvae.evaluation.figures import Estimate, figure
from jaxvae.evaluation.representation import (
    adjusted_rand_index,
    hungarian_accuracy,
    normalized_mutual_information,
)
from jaxvae.keys import Purpose, key_for
from jaxvae.observation import Example, value_of
from jaxvae.runs.setup import Setup
from jaxvae.runs.streams import Stream
from jaxvae.runs.subject import Subject
from jaxvae.runs.trained import TrainedRun
from jaxvae.typing import Array, Key, Params

_DRAWS = 199  # of each hidden entry, for its interval
_INTERVAL = 0.9
_EXAMPLES_AT_ONCE = 20
_MOST_CLASSIFIED = 1000
_CLASSES_AT_ONCE = 500


def has_known_hidden(setup: Setup) -> bool:
    """Whether test entries are hidden whose true values are known, so that imputations can be compared with them."""
    return bool(_known_hidden(setup).any())


def _known_hidden(setup: Setup) -> np.ndarray:
    test = setup.dataset.test
    if test.observed is None:
        return np.zeros(0, bool)
    return ~test.observed if test.placeholders is None else ~test.observed & ~test.placeholders


def imputation(subject: Subject) -> dict[str, Any]:
    """The error of E[x_hidden | x_observed] where the truth is known, and the coverage of its 90 % intervals.

    A column of classes without an order has no mean: of these it is the share of wrong classes. The coverage is exact
    for a right model of any kind: the place of the truth among the draws, ties broken at random, is uniform.
    """
    subject.require_density()
    hidden = _known_hidden(subject.setup)
    if not hidden.any():
        raise UserError("imputations need hidden entries whose true values are known: set `hide=0.5` to hide some")
    count = max(subject.flags.num_samples, 1)
    columns = subject.model.likelihood.support.columns
    nominal = np.array([column.is_nominal for column in columns]) if columns else np.zeros((), bool)

    def one(key: Key, example: Example) -> dict[str, Array]:
        truth = value_of(example)
        found = impute(subject.model, subject.params, key, example, count, num_draws=_DRAWS)
        entries = {"mean": found.mean, "effective": found.effective_sample_size}
        entries["place"] = _place(key_for(key, Purpose.TIES), found.draws, truth)
        return entries | ({"mode": _mode(found.draws)} if nominal.any() else {})

    found = subject.per_example(one, subject.key(Stream.IMPUTATION), subject.x, _EXAMPLES_AT_ONCE, "imputation")
    truth = np.asarray(value_of(subject.x), np.float64)
    is_table = truth.ndim == 2
    unit = np.std(truth, axis=0) if is_table else np.ones(())
    errors = ((found["mean"] - truth) / np.where(unit > 0, unit, 1.0)) ** 2
    tail = 0.5 * (1.0 - _INTERVAL)
    inside = (tail <= found["place"]) & (found["place"] < 1.0 - tail)
    units = "standard deviations of the column" if is_table else "data units"
    samples = f"by {count:,} importance samples"
    figures: dict[str, Any] = {"num_hidden": int(hidden.sum()), "num_samples": count}
    if (ordered := hidden & ~nominal).any():
        error = _over_hidden(errors, ordered)
        root = Estimate(math.sqrt(error.value), None if error.standard_error is None else
                        error.standard_error / (2.0 * math.sqrt(max(error.value, 1e-30))))  # fmt: skip
        how = f"E[x_hidden | x_observed] {samples}, over {int(ordered.sum()):,} hidden test entries"
        figures["mean_squared_error"] = figure(error, f"({units})²", how)
        figures["root_mean_squared_error"] = figure(root, units, how)
        figures["coverage"] = figure(
            _over_hidden(inside.astype(np.float64), ordered),
            "share",
            f"hidden entries within the middle {_INTERVAL:.0%} of {_DRAWS} draws of each, ties broken at random",
            note=f"{_INTERVAL:.2f} if the model is right",
        )
    if (named := hidden & nominal).any():
        how = f"the most frequent class of {_DRAWS} draws {samples}, over {int(named.sum()):,} hidden test entries"
        wrong = (found["mode"] != truth).astype(np.float64)
        figures["error_rate"] = figure(_over_hidden(wrong, named), "share", how)
    effective = Estimate.of(found["effective"])
    figures["effective_sample_size"] = figure(effective, "samples", "(Σw)² / Σw² of the weights of an example")
    return {"imputation": figures}


def _place(key: Key, draws: Array, truth: Array) -> Array:
    """The place of the truth among n draws of each entry, in (0, 1): uniform if it is another draw of the same.

    (#{draws < x} + u (#{draws = x} + 1)) / (n + 1),  u ~ U(0, 1)
    """
    x, rounding = truth[None], 4.0 * jnp.finfo(draws.dtype).eps  # equal levels may differ by it
    same = jnp.abs(draws - x) <= rounding * jnp.abs(x)
    below = jnp.sum((draws < x) & ~same, axis=0)
    ties = (jnp.sum(same, axis=0) + 1).astype(draws.dtype)
    place = below.astype(draws.dtype) + jax.random.uniform(key, truth.shape, draws.dtype) * ties
    return place / (draws.shape[0] + 1)


def _mode(draws: Array) -> Array:
    """The most frequent value of each entry, `data_shape`."""
    times = jnp.sum(draws[:, None] == draws[None], axis=1)
    return jnp.take_along_axis(draws, jnp.argmax(times, axis=0)[None], axis=0)[0]


def _over_hidden(values: np.ndarray, hidden: np.ndarray) -> Estimate:
    """The mean over all hidden entries; its standard error counts examples as independent, not entries."""
    axes = tuple(range(1, values.ndim))
    sums, counts = np.where(hidden, values, 0.0).sum(axis=axes), hidden.sum(axis=axes)
    mean = float(sums.sum() / counts.sum())
    residuals = sums - mean * counts
    n = len(sums)
    error = math.sqrt(float(np.sum(residuals**2)) * n / max(n - 1, 1)) / float(counts.sum()) if n > 1 else None
    return Estimate(mean, error)


def classification(subject: Subject) -> dict[str, Any]:
    """The accuracy of classes: of q(y|x) where z has a class, else of p(c|x) ∝ p(x|c) p(c) for a condition c."""
    subject.require_density()
    condition = getattr(subject.model, "condition", None)
    if not isinstance(condition, Condition) or condition.num_classes is None:
        return _by_encoder(subject)
    train = subject.setup.dataset.train.conditions
    assert train is not None
    counts = np.bincount(train[:, 0].astype(int), minlength=condition.num_classes)
    log_prior = jnp.log(jnp.asarray(np.maximum(counts, 1e-30) / counts.sum(), jnp.float32))
    samples = max(subject.flags.num_samples // condition.num_classes, 1)

    def one(key: Key, example: Example) -> dict[str, Array]:
        log_probs = class_log_probs(subject.model, subject.params, key, example, log_prior, samples)
        truth = example.condition[0].astype(int)  # type: ignore[union-attr]
        return {
            "accuracy": (jnp.argmax(log_probs) == truth).astype(float),
            "log_prob": log_probs[truth],
        }

    examples = subject.spread(_MOST_CLASSIFIED)
    found = subject.per_example(one, subject.key(Stream.CLASSES), examples, _EXAMPLES_AT_ONCE, "classes")
    how = (
        f"log p(x|c) by {samples:,} importance samples for each of {condition.num_classes} classes, a lower bound that "
        f"more samples raise"
    )
    return {
        "classification": {
            "num_examples": len(found["accuracy"]),
            "accuracy": figure(Estimate.of(found["accuracy"]), "share", how),
            "log_prob": figure(Estimate.of(found["log_prob"]), "nats", f"log p(c|x) of the true class, {how}"),
        }
    }


def _by_encoder(subject: Subject) -> dict[str, Any]:
    """The accuracy of q(y|x) for a posterior over classes that was told some labels."""
    labels = subject.setup.dataset.test.labels
    if subject.setup.dataset.train.known_labels is None or labels is None:
        raise UserError(
            "classification needs a model that is told classes: train with `condition='label'`, or with `labels=100` "
            "and `posterior=ClassAndNormal()`; clusters of a model without labels are in the metrics clusters"
        )
    probs, labels = _where_known(_class_probs(subject), labels)
    right = (np.argmax(probs, axis=1) == labels).astype(np.float64)
    tiny = np.finfo(np.float32).tiny
    of_true = np.log(np.maximum(probs[np.arange(len(labels)), np.minimum(labels, probs.shape[1] - 1)], tiny))
    of_true = np.where(labels < probs.shape[1], of_true, np.log(tiny))  # a class that the model does not have
    return {
        "classification": {
            "num_examples": len(labels),
            "accuracy": figure(Estimate.of(right), "share", "the class of largest q(y|x)"),
            "log_prob": figure(Estimate.of(of_true), "nats", "log q(y|x) of the true class"),
        }
    }


def _where_known(probs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The examples whose class is known.

    Raises:
        UserError: if there is none.
    """
    known = labels >= 0
    if not known.any():
        raise UserError("classes are compared with labels, got none that is known in the test set: leave them out")
    return probs[known], labels[known]


def _class_probs(subject: Subject) -> np.ndarray:
    def one(key: Key, example: Example) -> dict[str, Array]:
        return {"probs": class_probs(subject.model, subject.params, key, example)}

    return subject.per_example(one, subject.key(Stream.CLASSES), subject.x, _CLASSES_AT_ONCE, "classes")["probs"]


def clusters(subject: Subject) -> dict[str, Any]:
    """How well the model's own clusters match the classes of the test set, which it was not told."""
    subject.require_density()
    labels = subject.setup.dataset.test.labels
    if labels is None:
        raise UserError(f"clusters are compared with classes, got no labels in {subject.setup.dataset.name}")
    probs, labels = _where_known(_class_probs(subject), labels)
    found = np.argmax(probs, axis=1)
    how = f"the most probable of {probs.shape[1]} clusters of each test example"
    used = len(np.unique(found))
    return {
        "clusters": {
            "num_examples": len(labels),
            "accuracy": figure(
                hungarian_accuracy(found, labels), "share", f"{how}, one class for each by the Hungarian method"
            ),
            "normalized_mutual_information": figure(
                Estimate(normalized_mutual_information(found, labels), None), "share", how
            ),
            "adjusted_rand_index": figure(Estimate(adjusted_rand_index(found, labels), None), "share", how),
            "used": {"value": used, "of": probs.shape[1]},
        }
    }


def possible_groups(run: TrainedRun) -> tuple[str, ...]:
    """Those of these groups that a run makes possible and that cost little."""
    test, tells_labels = run.setup.dataset.test, run.setup.dataset.train.known_labels is not None
    known = np.zeros(0) if test.labels is None or tells_labels else test.labels[test.labels >= 0]
    possible = {
        "imputation": has_known_hidden(run.setup),
        "classification": tells_labels,
        "clusters": known.size > 0 and _num_clusters(run) == len(np.unique(known)),
    }
    return tuple(name for name, is_possible in possible.items() if is_possible)


def _num_clusters(run: TrainedRun) -> int | None:
    """How many clusters the model itself has; it is traced, nothing is computed."""
    training = run.setup.training

    def probs(params: Params, key: Key) -> Array:
        examples = training.preprocessing.examples(run.setup.dataset.test, "test")
        return class_probs(training.model, params, key, jax.tree.map(lambda leaf: leaf[0], examples))

    try:
        return jax.eval_shape(probs, run.state.evaluation_params, jax.random.key(0)).shape[0]
    except UserError:
        return None
