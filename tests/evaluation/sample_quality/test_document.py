"""The section of `evaluation.json`: figures equal those of the functions, and one that is missing costs no other."""

import json
import math

import numpy as np
import pytest

import jaxvae as jv
from jaxvae.evaluation.sample_quality import (
    density_coverage,
    frechet_distance,
    inception_score,
    kernel_distance,
    nearest_neighbours,
    neighbour_log_prob,
    precision_recall,
    sample_quality_document,
)

RNG = np.random.default_rng(0)
REAL, GENERATED, TRAIN = (RNG.uniform(0, high, (n, 2, 3, 1)).astype("f") for n, high in ((40, 1), (50, 0.7), (60, 1)))
OF_FEATURES = ("frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage")
OF_NEIGHBOURS = ("nearest_neighbour_distance", "nearest_neighbour_log_likelihood")


class Pixels:
    """An extractor: the pixels, and brightness as the probability of a class."""

    name, about = "pixel", "the pixels"

    def features(self, images: np.ndarray) -> np.ndarray:
        """Flat pixels."""
        return images.reshape(len(images), -1)

    def probabilities(self, images: np.ndarray) -> np.ndarray | None:
        """Bright, dark."""
        mean = images.mean(axis=(1, 2, 3))
        return np.stack([mean, 1.0 - mean], axis=1)


class NoClasses(Pixels):
    """An extractor without classes."""

    def probabilities(self, images: np.ndarray) -> None:
        """None, since it knows no classes."""
        return


class Refuses(Pixels):
    """An extractor that takes other images."""

    def features(self, images: np.ndarray) -> np.ndarray:
        """An error for every image."""
        raise jv.UserError("Refuses takes other images: name another")


def log_prob(x: np.ndarray) -> np.ndarray:
    return -np.sum(x.reshape(len(x), -1), axis=1)


def test_every_figure_is_that_of_its_function() -> None:
    document = sample_quality_document(Pixels(), REAL, GENERATED, seed=3, train=TRAIN, log_prob=log_prob)
    x, y = (images.reshape(len(images), 6) for images in (REAL, GENERATED))
    shares, means = precision_recall(x, y, 3), density_coverage(x, y, 5)
    neighbours = nearest_neighbours(GENERATED, TRAIN, REAL)
    expected = {
        "frechet_distance": (frechet_distance(x, y), None),
        "kernel_distance": kernel_distance(x, y, subset_size=20, seed=3),
        **shares._asdict(),
        **means._asdict(),
        "inception_score": inception_score(Pixels().probabilities(GENERATED), 10),  # type: ignore[arg-type]
        "nearest_neighbour_distance": neighbours.distance.difference,
    }
    for name, (value, error) in expected.items():
        assert (document[name]["value"], document[name]["standard_error"]) == (value, error), name
    likelihood = document["nearest_neighbour_log_likelihood"]
    difference = neighbour_log_prob(log_prob, GENERATED, TRAIN, REAL).difference
    assert (likelihood["value"], likelihood["standard_error"]) == difference
    assert likelihood["value"] == pytest.approx(likelihood["training"]["value"] - likelihood["test"]["value"])
    assert set(document) == {*expected, "nearest_neighbour_log_likelihood"}
    for name, entry in document.items():
        assert {"value", "standard_error", "unit", "estimator", "num_samples", "num_real"} <= set(entry)
        assert (entry["num_samples"], entry["num_real"]) == (50, 40)
        assert (entry.get("extractor") == "the pixels") == (name not in OF_NEIGHBOURS)
    assert document["frechet_distance"]["name"] == "pixel Fréchet distance"
    assert document["kernel_distance"]["subset_size"] == 20
    assert "warning" not in document["frechet_distance"]
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def missing(document: dict[str, dict]) -> dict[str, str]:
    """The reasons of the figures that are not there; the others are numbers."""
    json.dumps(document, allow_nan=False)
    for entry in document.values():
        assert entry["value"] is None or math.isfinite(entry["value"])
        assert "\n" not in entry.get("reason", "")
        assert (entry["value"] is None) == ("reason" in entry)
    return {name: entry["reason"] for name, entry in document.items() if entry["value"] is None}


def test_what_is_not_given() -> None:
    reasons = missing(sample_quality_document(NoClasses(), REAL, GENERATED, seed=0))
    assert reasons == {
        "inception_score": "pixel knows no classes: take an extractor that does",
        "nearest_neighbour_distance": "needs training images, got none: give them",
        "nearest_neighbour_log_likelihood": "needs training images, got none: give them",
    }
    reasons = missing(sample_quality_document(Pixels(), REAL, GENERATED, seed=0, train=TRAIN))
    assert set(reasons) == {"nearest_neighbour_log_likelihood"}
    assert "take a model that has a density" in reasons["nearest_neighbour_log_likelihood"]


def test_too_few_samples_cost_what_needs_more() -> None:
    document = sample_quality_document(Pixels(), REAL, GENERATED[:4], seed=0, train=TRAIN, log_prob=log_prob)
    assert set(missing(document)) == {"density", "coverage", "inception_score"}
    assert document["frechet_distance"]["warning"].startswith("4 samples for 6 features: a covariance is singular")
    one = missing(sample_quality_document(Pixels(), REAL, GENERATED[:1], seed=0, train=TRAIN, log_prob=log_prob))
    assert set(one) == {*OF_FEATURES, "inception_score"}
    assert "kernel_distance needs 2 generated samples or more, got 1" in one["kernel_distance"]
    none = missing(sample_quality_document(Pixels(), REAL, GENERATED[:0], seed=0, train=TRAIN, log_prob=log_prob))
    assert set(none) == {*OF_FEATURES, "inception_score", *OF_NEIGHBOURS}


def test_images_that_an_extractor_refuses_cost_its_figures_alone() -> None:
    reasons = missing(sample_quality_document(Refuses(), REAL, GENERATED, seed=0, train=TRAIN, log_prob=log_prob))
    assert reasons == dict.fromkeys(OF_FEATURES, "Refuses takes other images: name another")
    broken = np.where(GENERATED > 0.6, np.nan, GENERATED)
    reasons = missing(sample_quality_document(Pixels(), REAL, broken, seed=0, train=TRAIN, log_prob=log_prob))
    assert set(reasons) == {*OF_FEATURES, "inception_score", *OF_NEIGHBOURS}
    assert all("generated images must lie in [0, 1], got numbers from nan to nan" in why for why in reasons.values())


def test_a_log_likelihood_that_is_not_finite() -> None:
    document = sample_quality_document(
        Pixels(), REAL, GENERATED, seed=0, train=TRAIN, log_prob=lambda x: np.full(len(x), -np.inf)
    )
    assert "log p(x) of an example is not finite" in missing(document)["nearest_neighbour_log_likelihood"]
