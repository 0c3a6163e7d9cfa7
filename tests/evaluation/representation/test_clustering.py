"""Clusters: the assignment against all permutations, information and index against their definitions."""

import itertools

import numpy as np
import pytest

import jaxvae as jv
from jaxvae.evaluation.representation import (
    adjusted_rand_index,
    cluster,
    hungarian_accuracy,
    normalized_mutual_information,
)


def noisy(num_clusters: int, num_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Classes of 80 examples, and clusters that know something of them."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(num_classes, size=80)
    clusters = np.where(rng.random(80) < 0.4, classes % num_clusters, rng.integers(num_clusters, size=80))
    return clusters, classes


@pytest.mark.parametrize(("num_clusters", "num_classes"), [(4, 4), (5, 3), (3, 5)])
def test_hungarian_accuracy_is_the_best_of_all_assignments(num_clusters: int, num_classes: int) -> None:
    clusters, classes = noisy(num_clusters, num_classes)
    names = [*range(num_classes), *[-1] * max(0, num_clusters - num_classes)]  # -1: a cluster without a class
    best = max(np.mean(np.take(order, clusters) == classes) for order in itertools.permutations(names, num_clusters))
    found = hungarian_accuracy(clusters, classes)
    assert found.value == best
    np.testing.assert_allclose(found.standard_error, np.sqrt(best * (1 - best) / 79))


def test_renaming_clusters_or_classes_changes_nothing() -> None:
    clusters, classes = noisy(4, 3)
    renamed = np.asarray([7, 2, 5, 0])[clusters], np.asarray(["b", "c", "a"])[classes]
    assert hungarian_accuracy(*renamed) == hungarian_accuracy(clusters, classes)
    for score in (normalized_mutual_information, adjusted_rand_index):
        np.testing.assert_allclose(score(*renamed), score(clusters, classes), rtol=1e-12)
        np.testing.assert_allclose(score(classes, clusters), score(clusters, classes), rtol=1e-12)


def test_normalized_mutual_information_by_its_definition() -> None:
    clusters, classes = noisy(4, 3)
    joint = np.zeros((4, 3))
    np.add.at(joint, (clusters, classes), 1 / 80)
    own, other = joint.sum(1), joint.sum(0)
    seen = joint > 0
    information = np.sum(joint[seen] * np.log(joint[seen] / np.outer(own, other)[seen]))
    entropies = [-np.sum(p * np.log(p)) for p in (own, other)]
    np.testing.assert_allclose(normalized_mutual_information(clusters, classes), information / np.mean(entropies))


def test_adjusted_rand_index_by_counting_pairs() -> None:
    """(pairs together in both − expected) / (mean of both − expected), Hubert and Arabie 1985, equation 5."""
    clusters, classes = noisy(4, 3)
    pairs = list(itertools.combinations(range(80), 2))
    own, other = (np.asarray([part[i] == part[j] for i, j in pairs]) for part in (clusters, classes))
    expected = own.sum() * other.sum() / len(pairs)
    value = ((own & other).sum() - expected) / ((own.sum() + other.sum()) / 2 - expected)
    np.testing.assert_allclose(adjusted_rand_index(clusters, classes), value)


def test_chance_and_perfection() -> None:
    """Independent clusters: the index lies near 0 (spread below 0.005 for 2,000 examples), agreement gives 1."""
    rng = np.random.default_rng(1)
    clusters, classes = rng.integers(4, size=2000), rng.integers(3, size=2000)
    assert abs(adjusted_rand_index(clusters, classes)) < 0.01
    assert normalized_mutual_information(clusters, classes) < 0.02
    assert hungarian_accuracy(classes, classes).value == 1.0
    np.testing.assert_allclose([f(classes, classes) for f in (adjusted_rand_index, normalized_mutual_information)], 1.0)


def test_k_means_finds_clusters_far_apart() -> None:
    rng = np.random.default_rng(2)
    classes = rng.integers(3, size=70)
    codes = 30 * np.eye(3, 5)[classes] + rng.normal(size=(70, 5))
    found = cluster(codes, 3, seed=4)
    assert hungarian_accuracy(found, classes).value == 1.0
    np.testing.assert_array_equal(found, cluster(codes, 3, seed=4))


def test_fewer_different_codes_than_clusters() -> None:
    assert len(np.unique(cluster(np.repeat([[0.0, 1.0], [2.0, 3.0]], 5, axis=0), 4))) == 2


def test_bad_input() -> None:
    with pytest.raises(jv.UserError, match=r"num_clusters must be >= 1 and <= 5, got 6"):
        cluster(np.zeros((6, 2)), 6)
    for score in (hungarian_accuracy, normalized_mutual_information, adjusted_rand_index):
        with pytest.raises(jv.UserError, match=r"labels must have shape \(5,\)"):
            score(np.zeros(5, int), np.zeros(4, int))
        with pytest.raises(jv.UserError, match="two classes or more"):
            score(np.arange(5), np.zeros(5, int))
