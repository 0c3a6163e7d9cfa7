"""How well clusters of codes match the classes, without labels."""

import warnings

import numpy as np
from numpy.typing import ArrayLike

from jaxvae.checks import check_range
from jaxvae.evaluation.figures import Estimate
from jaxvae.evaluation.representation.inputs import as_codes, as_labels

_STARTS = 10  # of k-means; the best is kept


def cluster(codes: ArrayLike, num_clusters: int, *, seed: int = 0) -> np.ndarray:
    """Clusters by k-means with Euclidean distance of codes as they are: Lloyd 1982, started by k-means++, best of 10.

    Args:
        codes: `[N, D]`, or `[N, ...]`, which is flattened.
        num_clusters: usually the number of classes.
        seed: of the starts.

    Returns:
        The number of each code's cluster, `[N]`.

    Raises:
        UserError: if codes are not finite, or if there are not more codes than clusters.

    Example:
        >>> first, second, third = cluster([[0.0], [0.1], [9.0]], 2)
        >>> bool(first == second != third)
        True
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    array = as_codes(codes)
    check_range(cluster, at_least=1, at_most=len(array) - 1, num_clusters=num_clusters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different codes than clusters: some stay empty
        return KMeans(num_clusters, n_init=_STARTS, random_state=seed).fit_predict(array)  # type: ignore[arg-type]


def hungarian_accuracy(clusters: ArrayLike, labels: ArrayLike) -> Estimate:
    """Accuracy of clusters under the best assignment of clusters to classes, one to one: Kuhn 1955; Xie et al. 2016.

    max over assignments m of (1/N) Σ_n [m(cluster_n) = label_n];  a cluster without a class is wrong throughout

    Args:
        clusters: `[N]`.
        labels: `[N]`.

    Returns:
        The share in [0, 1], with the binomial standard error for the assignment found.

    Raises:
        UserError: if sizes do not match, or there is one class only.

    Example:
        >>> hungarian_accuracy([1, 1, 0, 0], [5, 5, 7, 5]).value
        0.75
    """
    from scipy.optimize import linear_sum_assignment

    found = np.asarray(clusters)
    classes = as_labels(labels, len(found))
    cluster_of, class_of = (np.unique(array, return_inverse=True)[1] for array in (found, classes))
    counts = np.zeros((cluster_of.max() + 1, class_of.max() + 1), np.int64)
    np.add.at(counts, (cluster_of, class_of), 1)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    assigned = np.full(len(counts), -1)  # no class has this number
    assigned[rows] = columns
    return Estimate.of(assigned[cluster_of] == class_of)


def normalized_mutual_information(clusters: ArrayLike, labels: ArrayLike) -> float:
    """I(cluster; class) / ((H(cluster) + H(class)) / 2), in [0, 1]: Strehl and Ghosh 2002, arithmetic mean.

    Raises:
        UserError: if sizes do not match, or there is one class only.

    >>> normalized_mutual_information([1, 1, 0, 0], [5, 5, 7, 7])
    1.0
    """
    from sklearn.metrics import normalized_mutual_info_score

    found = np.asarray(clusters)
    return float(normalized_mutual_info_score(as_labels(labels, len(found)), found))


def adjusted_rand_index(clusters: ArrayLike, labels: ArrayLike) -> float:
    """The Rand index, corrected for chance: at most 1, and 0 on average for random clusters: Hubert and Arabie 1985.

    Raises:
        UserError: if sizes do not match, or there is one class only.

    >>> adjusted_rand_index([1, 1, 0, 0], [5, 5, 7, 7])
    1.0
    """
    from sklearn.metrics import adjusted_rand_score

    found = np.asarray(clusters)
    return float(adjusted_rand_score(as_labels(labels, len(found)), found))
