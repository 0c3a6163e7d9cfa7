"""Probe and neighbours: separable classes, random ones, and a count by hand."""

from collections.abc import Callable

import numpy as np
import pytest

import jaxvae as jv
from jaxvae.evaluation import Estimate
from jaxvae.evaluation.representation import linear_probe, nearest_neighbour_accuracy, pca_codes

CLASSIFIERS = [linear_probe, nearest_neighbour_accuracy]
Classifier = Callable[..., Estimate]


def clusters(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes in 5 dimensions (one of them constant) around 4 centres far apart, and their classes 10, 20, 30, 40."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(4, size=count)
    centres = 20 * np.eye(4, 5)
    return centres[classes] + rng.normal(size=(count, 5)) * [1, 1, 1, 1, 0] + 7.0, 10 * (classes + 1)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_separable_classes_are_found(classifier: Classifier) -> None:
    assert classifier(*clusters(0, 90), *clusters(1, 70)) == Estimate(1.0, 0.0)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_random_classes_are_not(classifier: Classifier) -> None:
    """The accuracy of a guess among 4, within 5 binomial standard errors (two-sided chance 6e-7)."""
    rng = np.random.default_rng(2)
    train, test = rng.normal(size=(600, 5)), rng.normal(size=(1500, 5))
    value, error = classifier(train, rng.integers(4, size=600), test, rng.integers(4, size=1500))
    assert error is not None
    np.testing.assert_allclose(error, np.sqrt(value * (1 - value) / 1499))
    assert abs(value - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 1500)


def test_probe_is_the_bayes_classifier_of_two_normals() -> None:
    """Classes at ±1 with noise of σ = 1: Φ(1), within 5 standard errors, and the same for scaled and moved codes."""
    from scipy.stats import norm

    rng = np.random.default_rng(3)
    labels = rng.integers(2, size=6000)
    codes = (2 * labels - 1)[:, None] + rng.normal(size=(6000, 1))
    found = linear_probe(codes[:3000], labels[:3000], codes[3000:], labels[3000:])
    assert abs(found.value - norm.cdf(1)) < 5 * np.sqrt(norm.cdf(1) * norm.cdf(-1) / 3000)
    moved = 1e4 * codes + 1e5
    assert linear_probe(moved[:3000], labels[:3000], moved[3000:], labels[3000:]) == found


def test_neighbours_vote_by_hand() -> None:
    train, labels = [[0.0], [1.0], [2.0], [10.0], [11.0]], [0, 1, 1, 0, 0]
    test, truth = [[-0.1], [9.0], [0.2], [1.4], [3.0]], [0, 0, 0, 0, 1]
    accuracies = [nearest_neighbour_accuracy(train, labels, test, truth, k=k).value for k in (1, 3, 5)]
    assert accuracies == [0.8, 0.4, 0.8]  # of 5, three are of class 0


def test_images_are_flattened() -> None:
    codes, labels = clusters(4, 60)
    images = np.concatenate([codes, codes[:, ::-1]], axis=1).reshape(60, 5, 2, 1)
    assert linear_probe(images[:40], labels[:40], images[40:], labels[40:]).value == 1.0


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_bad_input(classifier: Classifier) -> None:
    codes, labels = clusters(5, 30)
    with pytest.raises(jv.UserError, match=r"one dimension, got 5 and 4"):
        classifier(codes, labels, codes[:, :4], labels)
    with pytest.raises(jv.UserError, match=r"labels must have shape \(30,\).*\(29,\)"):
        classifier(codes, labels[:29], codes, labels)
    with pytest.raises(jv.UserError, match=r"two classes or more, got one \(3\)"):
        classifier(codes, np.full(30, 3), codes, labels)
    broken = codes.copy()
    broken[3, 1], broken[4, 2] = np.nan, np.inf
    with pytest.raises(jv.UserError, match=r"finite, got NaN or infinity in 2 of 30"):
        classifier(broken, labels, codes, labels)


def test_as_many_neighbours_as_there_are() -> None:
    with pytest.raises(jv.UserError, match=r"k must be >= 1 and <= 30, got 31"):
        nearest_neighbour_accuracy(*clusters(6, 30), *clusters(7, 20), k=31)


def test_principal_components_against_numpy() -> None:
    """Codes are U S of the centred training data up to signs; the test data are centred by the training mean."""
    rng = np.random.default_rng(8)
    mixing = rng.normal(size=(6, 6)) * [5, 3, 2, 1, 0.5, 0.1]
    train, test = rng.normal(size=(50, 6)) @ mixing.T + 3, rng.normal(size=(20, 6)) @ mixing.T + 3
    axes = np.linalg.svd(train - train.mean(0))[2][:4]
    found = pca_codes(train.reshape(50, 3, 2), test.reshape(20, 3, 2), 4)
    for codes, examples in zip(found, (train, test), strict=True):
        np.testing.assert_allclose(np.abs(codes), np.abs((examples - train.mean(0)) @ axes.T), atol=1e-8)
    with pytest.raises(jv.UserError, match=r"dim must be >= 1 and <= 6, got 7"):
        pca_codes(train, test, 7)
