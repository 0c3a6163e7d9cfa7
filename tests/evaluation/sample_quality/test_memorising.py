"""Neighbours of generated samples, and the Inception score."""

import numpy as np
import pytest

import jaxvae as jv
from jaxvae.evaluation.figures import Estimate
from jaxvae.evaluation.sample_quality import inception_score, nearest_neighbours, neighbour_log_prob


def test_copies_are_nearer_than_test_examples_and_likelier() -> None:
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(50, 4, 3, 1)), rng.normal(size=(40, 4, 3, 1))
    copied = rng.integers(0, 50, 30)
    found = nearest_neighbours(train[copied] + 1e-3, train, test)
    np.testing.assert_array_equal(found.indices, copied)
    np.testing.assert_allclose(found.distance.generated.value, 1e-3 * np.sqrt(12), rtol=1e-6)
    table = np.sqrt(np.sum((test.reshape(40, 1, 12) - train.reshape(1, 50, 12)) ** 2, axis=-1))
    np.testing.assert_allclose(found.distance.test, Estimate.of(table.min(axis=1)), rtol=1e-9)
    difference = found.distance.difference
    assert difference.standard_error is not None
    assert difference.value < -5 * difference.standard_error

    def memory(x: np.ndarray) -> np.ndarray:
        """The log of a sum of kernels on the training set."""
        squares = np.sum((x.reshape(len(x), 1, 12) - train.reshape(1, 50, 12)) ** 2, axis=-1)
        return np.log(np.sum(np.exp(-0.5 * squares), axis=1))

    scored = neighbour_log_prob(memory, train[copied] + 1e-3, train, test)
    subset = train[np.linspace(0, 49, 40).astype(int)].reshape(40, 12)
    samples = (train[copied] + 1e-3).reshape(30, 1, 12)
    nearest = [np.argmin(np.sum((samples - of) ** 2, axis=-1), axis=1) for of in (subset, test.reshape(40, 12))]
    ours, theirs = memory(subset[nearest[0]]), memory(test[nearest[1]])
    errors = []
    for values, indices in zip((ours, theirs), nearest, strict=True):  # a neighbour of several samples is one draw
        sums = [np.sum(values[indices == index] - values.mean()) for index in set(indices.tolist())]
        errors.append(np.sqrt(np.sum(np.square(sums))) / len(values))
    np.testing.assert_allclose(scored.difference, ((ours - theirs).mean(), np.hypot(*errors)), rtol=1e-9)
    np.testing.assert_allclose([scored.training.value, scored.test.value], [ours.mean(), theirs.mean()], rtol=1e-9)
    assert scored.difference.value > 5 * (scored.difference.standard_error or 0) > 0


def test_a_model_that_is_the_truth_does_not_memorise() -> None:
    """Independent draws of one normal in 16 dimensions: both differences are 0 within 5 standard errors."""
    rng = np.random.default_rng(1)
    samples, train, test = (rng.normal(size=(count, 16)) for count in (400, 900, 500))
    found = neighbour_log_prob(lambda x: -0.5 * np.sum(x**2, axis=1), samples, train, test)
    for value, error in (found.difference, nearest_neighbours(samples, train, test).distance.difference):
        assert abs(value) < 5 * (error or 0)


def test_the_error_holds_where_few_examples_are_nearest_to_many_samples() -> None:
    """Over 200 repeats without memorising, in 30 dimensions: the spread of the difference over its stated error."""
    rng = np.random.default_rng(2)
    ratios = []
    for _ in range(200):
        samples, train, test = (rng.normal(size=(120, 30)) for _ in range(3))
        value, error = neighbour_log_prob(lambda x: -0.5 * np.sum(x**2, axis=1), samples, train, test).difference
        ratios.append(value / (error or np.nan))
    assert 0.7 < np.std(ratios) < 1.4
    assert abs(np.mean(ratios)) < 6 * np.std(ratios) / np.sqrt(200)


def test_one_sample_has_no_error() -> None:
    found = nearest_neighbours(np.zeros((1, 2)), np.ones((3, 2)), np.zeros((2, 2)))
    assert found.distance.difference == Estimate(0.0, None)


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(jv.UserError, match=r"generated \(2, 3\), training \(5, 4\), test \(1, 3\)"):
        nearest_neighbours(np.ones((2, 3)), np.ones((5, 4)), np.ones((1, 3)))
    with pytest.raises(jv.UserError, match=r"training \(0, 3\)"):
        nearest_neighbours(np.ones((2, 3)), np.ones((0, 3)), np.ones((1, 3)))


@pytest.mark.parametrize("num_splits", [1, 5])
def test_the_bounds_of_the_inception_score(num_splits: int) -> None:
    """1 where p(y|x) is always the same, the number of classes where each is certain and all occur alike."""
    constant = np.tile([0.5, 0.3, 0.2, 0.0], (40, 1))
    certain = np.tile(np.eye(4), (10, 1))
    assert inception_score(constant, num_splits).value == pytest.approx(1.0)
    assert inception_score(certain, num_splits).value == pytest.approx(4.0)


def test_the_inception_score_is_exp_of_the_mutual_information() -> None:
    values = np.random.default_rng(1).dirichlet(np.ones(3), 8)
    scores = []
    for part in (values[:4], values[4:]):
        joint = part / 4
        independent = np.outer(joint.sum(1), joint.sum(0))
        scores.append(np.exp(np.sum(joint * np.log(joint / independent))))
    score = inception_score(values, 2)
    np.testing.assert_allclose(score, (np.mean(scores), np.std(scores, ddof=1) / np.sqrt(2)))
    assert 1 < score.value < 3


def test_bad_probabilities() -> None:
    with pytest.raises(jv.UserError, match=r"of 10 samples or more.*got shape \(7, 3\)"):
        inception_score(np.full((7, 3), 1 / 3))
    with pytest.raises(jv.UserError, match=r"rows >= 0 that sum to 1"):
        inception_score(np.ones((20, 3)))
