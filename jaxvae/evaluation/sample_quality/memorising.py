"""Whether a model repeats its training examples: nearest neighbours of its samples."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from jaxvae.errors import UserError
from jaxvae.evaluation.figures import Estimate, spread
from jaxvae.evaluation.sample_quality.neighbours import nearest


class Comparison(NamedTuple):
    """A mean over generated samples, and the same over test examples."""

    generated: Estimate
    test: Estimate

    @property
    def difference(self) -> Estimate:
        """Generated − test, of independent samples."""
        value, errors = self.generated.value - self.test.value, (self.generated[1], self.test[1])
        return Estimate(value, None if None in errors else math.hypot(*errors))  # type: ignore[arg-type]


class NearestNeighbours(NamedTuple):
    """The nearest training examples of generated samples."""

    indices: np.ndarray
    """Index of the nearest training example of each generated sample, `[n]`."""
    distance: Comparison
    """Distance to the nearest training example [units of the examples]; less than for test examples suggests copies."""


def nearest_neighbours(samples: np.ndarray, train: np.ndarray, test: np.ndarray) -> NearestNeighbours:
    """The nearest training example of each generated sample, by Euclidean distance over all axes, exactly.

    Args:
        samples: generated, `[n, ...]`.
        train: training examples, `[m, ...]`.
        test: test examples, `[l, ...]`, to compare the distances with.

    Raises:
        UserError: if examples differ in shape, or there are none.

    Example:
        >>> found = nearest_neighbours(np.array([[1.0], [4.0]]), np.array([[4.0], [0.0]]), np.array([[2.0], [5.0]]))
        >>> found.indices.tolist(), found.distance.difference.value
        ([1, 0], -1.0)
    """
    shapes = {"generated": samples.shape, "training": train.shape, "test": test.shape}
    if len({shape[1:] for shape in shapes.values()}) > 1 or 0 in (len(samples), len(train), len(test)):
        got = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise UserError(f"nearest_neighbours takes one example or more of one shape each, got {got}: reshape them")
    flat = [examples.reshape(len(examples), -1) for examples in (samples, train, test)]
    indices, distances = nearest(flat[0], flat[1])
    of_test = nearest(flat[2], flat[1])[1]
    return NearestNeighbours(indices, Comparison(Estimate.of(distances), Estimate.of(of_test)))


class NeighbourLikelihood(NamedTuple):
    """log p(x) of the examples that are nearest to generated samples, nats."""

    training: Estimate
    """log p(x) of the nearest among as many training examples as there are test examples."""
    test: Estimate
    """log p(x) of the nearest test example."""
    difference: Estimate
    """Training − test: 0 on average for a model that has memorised no example.

        Its error is that of two independent sides, in which a neighbour of many samples is one draw."""


def neighbour_log_prob(
    log_prob: Callable[[np.ndarray], np.ndarray], samples: np.ndarray, train: np.ndarray, test: np.ndarray
) -> NeighbourLikelihood:
    """The log-likelihood of the examples nearest to generated samples in the training set, and in the test set.

    Both sets have one size, so without memorising their examples are equally near and likely. A model that memorises
    gives training examples more. An example counts as often as it is nearest.

    Args:
        log_prob: log p(x) of examples, `[n, ...]` to `[n]`, nats; it is called once for either set.
        samples: generated, `[n, ...]`.
        train: training examples; as many as `test` has are used, spread evenly.
        test: test examples.

    Raises:
        UserError: if log p(x) is not finite.

    Example:
        >>> log_prob = lambda x: -0.5 * np.sum(x**2, axis=1)
        >>> neighbour_log_prob(log_prob, np.zeros((3, 2)), np.zeros((5, 2)), np.ones((4, 2))).difference
        Estimate(value=1.0, standard_error=None)
    """
    flat = samples.reshape(len(samples), -1)
    size = min(len(train), len(test))
    sides = []
    for examples in (train, test):
        some = spread(examples, size)
        indices, _ = nearest(flat, some.reshape(size, -1))
        used, place = np.unique(indices, return_inverse=True)
        values = np.asarray(log_prob(some[used]), np.float64)
        if not np.all(np.isfinite(values)):
            raise UserError("log p(x) of an example is not finite: check whether the likelihood fits the data")
        sides.append(_mean_of_clusters(values, np.bincount(place)))
    ours, theirs = sides
    errors = [side.standard_error for side in sides if side.standard_error is not None]
    error = float(np.hypot(*errors)) if len(errors) == 2 else None
    return NeighbourLikelihood(ours, theirs, Estimate(ours.value - theirs.value, error))


def _mean_of_clusters(values: np.ndarray, counts: np.ndarray) -> Estimate:
    """The mean of values with counts, and its error: each value is one draw, for any count.

    se² = Σ_c n_c² (v_c − mean)² / (Σ_c n_c)²,  unknown for one value
    """
    total = counts.sum()
    mean = np.sum(counts * values) / total
    error = float(np.sqrt(np.sum((counts * (values - mean)) ** 2)) / total) if len(values) > 1 else None
    return Estimate(float(mean), error)
