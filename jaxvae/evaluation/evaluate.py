"""The figures of a trained model on a test set, each with its standard error."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxvae.draw import Model
from jaxvae.evaluation.likelihood import CHUNK, log_marginal
from jaxvae.objectives import Objective
from jaxvae.typing import Array, Key, Metrics, Params

DRAWS_AT_ONCE = 5000  # over all examples of a batch: their decodings stay within a processor's cache


class Estimate(NamedTuple):
    """A mean over examples."""

    value: float
    """In the units of the figure (nats unless said)."""
    standard_error: float | None
    """Standard deviation over examples / √n; None for one example."""

    @classmethod
    def of(cls, values: np.ndarray) -> "Estimate":
        """The mean and standard error of one figure an example, `[n]`."""
        values = np.asarray(values, np.float64)
        error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
        return cls(float(np.mean(values)), error)


def in_batches(
    function: Callable[[Key, Array], Metrics], key: Key, x: Array, batch_size: int
) -> Iterator[dict[str, np.ndarray]]:
    """Apply a per-example function to a data set batch by batch; the last batch is padded and the padding dropped.

    Yields:
        The results of each batch, `[examples]` each, in order; they do not depend on `batch_size`.
    """
    # x is an argument: closed over, the whole data set would be a constant of the program
    compiled = jax.jit(lambda x, indices: jax.vmap(lambda i: function(jax.random.fold_in(key, i), x[i]))(indices))
    for start in range(0, x.shape[0], batch_size):
        indices = np.minimum(np.arange(start, start + batch_size), x.shape[0] - 1)
        count = min(batch_size, x.shape[0] - start)
        yield {name: np.asarray(values)[:count] for name, values in compiled(x, indices).items()}


def evaluate(
    model: Model,
    objective: Objective,
    params: Params,
    key: Key,
    x: Array,
    *,
    num_samples: int,
    progress: Callable[[int], Any] = lambda count: None,
) -> dict[str, Estimate]:
    """Score a test set.

    Args:
        model: the model description.
        objective: what the model was trained for: its scores are reported, and log p(x) where it has a density.
        params: all parameters.
        key: for the draws.
        x: preprocessed test data, `[n, *data_shape]`.
        num_samples: draws an example for log p(x) [samples].
        progress: called with the number of examples done after each batch.

    Returns:
        `log_likelihood` and, where the objective has a density, `elbo`, `kl` and `log_marginal`, in nats.
    """

    def figures(key: Key, example: Array) -> Metrics:
        score_key, marginal_key = jax.random.split(key)
        scores = objective.score(model, params, score_key, example)
        if "elbo" in scores:
            scores["log_marginal"] = log_marginal(model, params, marginal_key, example, num_samples)
        return scores

    results: list[dict[str, np.ndarray]] = []
    for batch in in_batches(figures, key, x, min(max(1, DRAWS_AT_ONCE // min(num_samples, CHUNK)), x.shape[0])):
        results.append(batch)
        progress(len(next(iter(batch.values()))))
    figures_of = {name: np.concatenate([batch[name] for batch in results]) for name in results[0]}
    return {name: Estimate.of(values) for name, values in figures_of.items() if values.ndim == 1}  # not those of groups
