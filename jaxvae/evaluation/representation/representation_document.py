"""The section `representation` of `evaluation.json`: how well codes predict classes, compared with other codes."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from jaxvae.errors import UserError
from jaxvae.evaluation.figures import Estimate, measured
from jaxvae.evaluation.representation.classifiers import (
    MOST_ITERATIONS,
    NUM_NEIGHBOURS,
    linear_probe,
    nearest_neighbour_accuracy,
)
from jaxvae.evaluation.representation.clustering import (
    adjusted_rand_index,
    cluster,
    hungarian_accuracy,
    normalized_mutual_information,
)
from jaxvae.evaluation.representation.figures import SCORE, SHARE, chosen_examples, without_values
from jaxvae.evaluation.representation.inputs import as_codes

_CLUSTERS = "k-means (best of 10 starts) of test codes as they are, as many clusters as classes"
_ESTIMATORS = {
    "linear_probe": f"test accuracy of logistic regression (C = 1, at most {MOST_ITERATIONS} iterations), "
    "standardised codes",
    "nearest_neighbours": f"test accuracy of the majority of the {NUM_NEIGHBOURS} nearest training codes, Euclidean",
    "clustering_accuracy": f"best one-to-one assignment of clusters to classes; {_CLUSTERS}",
    "normalized_mutual_information": f"over the mean of the two entropies; {_CLUSTERS}",
    "adjusted_rand_index": f"0 on average by chance; {_CLUSTERS}",
}


def representation_document(
    codes: Mapping[str, tuple[ArrayLike, ArrayLike] | UserError],
    labels: tuple[ArrayLike | None, ArrayLike | None],
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """Probe, neighbours and clusters of several kinds of codes, as JSON.

    At most 10,000 training and 10,000 test examples are used, the same of each kind.

    Args:
        codes: by name (of the model, `pixels`, `pca`, …), the codes of training and test examples, `[N, ...]` and `[M,
            ...]`; or the reason why they are missing.
        labels: classes of the training and of the test examples, `[N]` and `[M]`, or None.
        seed: of the choice of examples, and of the clusters.

    Returns:
        Figures by the name of the codes: `linear_probe`, `nearest_neighbours`, `clustering_accuracy`,
        `normalized_mutual_information`, `adjusted_rand_index`; a missing figure has value None and a reason.

    Example:
        >>> codes = np.linspace(-1, 1, 30)[:, None]
        >>> document = representation_document({"line": (codes, codes)}, (codes[:, 0] > 0, codes[:, 0] > 0))
        >>> document["line"]["linear_probe"]["value"]
        1.0
    """
    return {name: _figures(pair, labels, seed) for name, pair in codes.items()}


def _figures(
    codes: tuple[ArrayLike, ArrayLike] | UserError, labels: tuple[ArrayLike | None, ArrayLike | None], seed: int
) -> dict[str, Any]:
    if isinstance(codes, UserError):
        return without_values(_ESTIMATORS, codes)
    try:
        train, train_labels = _chosen(codes[0], labels[0], seed)
        test, test_labels = _chosen(codes[1], labels[1], seed)
        clusters = cluster(test, len(np.unique(test_labels)), seed=seed)
    except UserError as problem:
        return without_values(_ESTIMATORS, problem)
    classified, clustered = (train, train_labels, test, test_labels), (clusters, test_labels)
    computed: dict[str, tuple[str, Callable[[], Estimate]]] = {
        "linear_probe": (SHARE, lambda: linear_probe(*classified)),
        "nearest_neighbours": (SHARE, lambda: nearest_neighbour_accuracy(*classified)),
        "clustering_accuracy": (SHARE, lambda: hungarian_accuracy(*clustered)),
        "normalized_mutual_information": (SCORE, lambda: Estimate(normalized_mutual_information(*clustered), None)),
        "adjusted_rand_index": (SCORE, lambda: Estimate(adjusted_rand_index(*clustered), None)),
    }
    sizes = {"num_examples": len(test), "num_train_examples": len(train), "num_codes": test.shape[1], "seed": seed}
    return {name: measured(compute, unit, _ESTIMATORS[name], **sizes) for name, (unit, compute) in computed.items()}


def _chosen(codes: ArrayLike, labels: ArrayLike | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    if labels is None:
        raise UserError(
            "the data set has no labels: take one that has, or add train_labels and test_labels to its file"
        )
    values, classes = np.asarray(codes), np.asarray(labels)
    if classes.shape != values.shape[:1]:
        raise UserError(
            f"labels must have shape {values.shape[:1]}, one for each code, got {classes.shape}; give them so"
        )
    rows = chosen_examples(len(values), seed)
    return as_codes(values[rows]), classes[rows]
