"""How well codes predict classes: a linear probe and nearest neighbours."""

import warnings

import numpy as np
from numpy.typing import ArrayLike

from jaxvae.checks import check_range
from jaxvae.errors import UserError
from jaxvae.evaluation.figures import Estimate
from jaxvae.evaluation.representation.inputs import as_codes, as_labels

NUM_NEIGHBOURS = 5
MOST_ITERATIONS = 300  # of L-BFGS: 10,000 standardised images of MNIST take 112


def linear_probe(
    train_codes: ArrayLike, train_labels: ArrayLike, test_codes: ArrayLike, test_labels: ArrayLike
) -> Estimate:
    """Test accuracy of logistic regression on standardised codes: Alain and Bengio 2017.

    Codes are shifted and scaled by the mean and standard deviation of the training codes. The penalty is half the
    squared norm of the softmax weights, in nats for the whole training set (scikit-learn's C = 1).

    Args:
        train_codes: `[N, D]`, or `[N, ...]`, which is flattened.
        train_labels: classes, `[N]`.
        test_codes: `[M, D]`.
        test_labels: classes, `[M]`.

    Returns:
        The share of test examples whose class is predicted, with its binomial standard error.

    Raises:
        UserError: if sizes do not match, codes are not finite, or there is one class only.

    Example:
        >>> codes = np.linspace(-1, 1, 40)[:, None]
        >>> linear_probe(codes, codes[:, 0] > 0.2, codes, codes[:, 0] > 0.2).value
        1.0
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    train, train_classes, test, test_classes = _checked(train_codes, train_labels, test_codes, test_labels)
    mean, scale = train.mean(axis=0), train.std(axis=0)
    scale[scale == 0] = 1.0  # a constant dimension has no information, and must not divide by zero
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of iterations is part of the estimator
        fitted = LogisticRegression(max_iter=MOST_ITERATIONS).fit((train - mean) / scale, train_classes)
    return Estimate.of(fitted.predict((test - mean) / scale) == test_classes)


def nearest_neighbour_accuracy(
    train_codes: ArrayLike,
    train_labels: ArrayLike,
    test_codes: ArrayLike,
    test_labels: ArrayLike,
    *,
    k: int = NUM_NEIGHBOURS,
) -> Estimate:
    """Test accuracy of the majority among the k nearest training codes, by Euclidean distance.

    Codes are not standardised, so a latent with little information counts little.

    Args:
        train_codes: `[N, D]`, or `[N, ...]`, which is flattened.
        train_labels: classes, `[N]`.
        test_codes: `[M, D]`.
        test_labels: classes, `[M]`.
        k: neighbours that vote [examples].

    Returns:
        The share of test examples whose class is predicted, with its binomial standard error.

    Raises:
        UserError: as `linear_probe`, or if k is not between 1 and N.

    Example:
        >>> nearest_neighbour_accuracy([[0.0], [1.0], [5.0]], [0, 0, 1], [[0.4], [4.0]], [0, 1], k=1).value
        1.0
    """
    from sklearn.neighbors import KNeighborsClassifier

    train, train_classes, test, test_classes = _checked(train_codes, train_labels, test_codes, test_labels)
    check_range(nearest_neighbour_accuracy, at_least=1, at_most=len(train), k=k)
    fitted = KNeighborsClassifier(k).fit(train, train_classes)
    return Estimate.of(fitted.predict(test) == test_classes)


def _checked(
    train_codes: ArrayLike, train_labels: ArrayLike, test_codes: ArrayLike, test_labels: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    train, test = as_codes(train_codes), as_codes(test_codes)
    if train.shape[1] != test.shape[1]:
        raise UserError(
            f"train and test codes must have one dimension, got {train.shape[1]} and {test.shape[1]}; encode both alike"
        )
    return train, as_labels(train_labels, len(train)), test, as_labels(test_labels, len(test))
