"""The two sections of JSON: figures are those of the functions, and a missing figure has a reason."""

import json
import math
from typing import Any

import numpy as np
import pytest

from jaxvae.data import load
from jaxvae.evaluation import Estimate
from jaxvae.evaluation.representation import (
    cluster,
    dci,
    disentanglement_document,
    factor_vae_score,
    hungarian_accuracy,
    linear_probe,
    modularity,
    mutual_information_gap,
    nearest_neighbour_accuracy,
    pca_codes,
    representation_document,
    separated_attribute_predictability,
)
from jaxvae.evaluation.representation import figures as figures_module
from tests.evaluation.representation.codes import VALUES, every_combination, noise

NAMES = ("shape", "scale", "angle")
CLASSES = ("linear_probe", "nearest_neighbours", "clustering_accuracy")
FACTORS = (
    "mutual_information_gap",
    "separated_attribute_predictability",
    "dci_disentanglement",
    "dci_completeness",
    "dci_informativeness",
    "factor_vae_score",
    "modularity",
)


def images(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Three classes of pictures [3, 2, 1] with noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=count)
    return 2 * np.eye(3, 6)[labels].reshape(-1, 3, 2, 1) + rng.normal(size=(count, 3, 2, 1)), labels


def estimates(section: dict[str, Any], names: tuple[str, ...]) -> list[Estimate]:
    return [Estimate(section[name]["value"], section[name]["standard_error"]) for name in names]


def assert_reasons(section: dict[str, Any], names: tuple[str, ...], words: str) -> None:
    for name in names:
        assert section[name]["value"] is None
        assert words in section[name]["reason"]
        assert "\n" not in section[name]["reason"]


def test_representation_holds_the_figures_of_each_kind_of_codes() -> None:
    (train, train_labels), (test, test_labels) = images(0, 110), images(1, 90)
    pca = pca_codes(train, test, 2)
    document = representation_document({"pixels": (train, test), "pca": pca}, (train_labels, test_labels), seed=3)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    for name, codes in (("pixels", (train, test)), ("pca", pca)):
        classified = (codes[0], train_labels, codes[1], test_labels)
        assert estimates(document[name], CLASSES) == [
            linear_probe(*classified),
            nearest_neighbour_accuracy(*classified),
            hungarian_accuracy(cluster(codes[1], 3, seed=3), test_labels),
        ]
        assert document[name]["normalized_mutual_information"]["standard_error"] is None
        for entry in document[name].values():
            assert {"value", "standard_error", "unit", "estimator"} <= entry.keys()
            assert (entry["num_examples"], entry["num_train_examples"], entry["seed"]) == (90, 110, 3)
    assert document["pca"]["linear_probe"]["num_codes"] == 2


def test_representation_without_classes() -> None:
    (train, labels), (test, test_labels) = images(0, 20), images(1, 12)
    section = representation_document({"codes": (train, test)}, (None, None))["codes"]
    assert_reasons(section, CLASSES, "no labels: take one that has")
    section = representation_document({"codes": (train, test)}, (labels, test_labels[:5]))["codes"]
    assert_reasons(section, CLASSES, "labels must have shape (12,)")
    section = representation_document({"codes": (train, test)}, (np.zeros(20), np.zeros(12)))["codes"]
    assert_reasons(section, (*CLASSES, "adjusted_rand_index"), "two classes or more")


def test_one_broken_kind_of_codes_leaves_the_others() -> None:
    (train, labels), (test, test_labels) = images(0, 20), images(1, 12)
    document = representation_document({"bad": (train * math.nan, test), "good": (train, test)}, (labels, test_labels))
    assert_reasons(document["bad"], CLASSES, "finite")
    assert document["good"]["linear_probe"]["value"] > 0.4


def test_few_training_examples_leave_the_clusters() -> None:
    (train, labels), (test, test_labels) = images(0, 4), images(1, 12)
    section = representation_document({"codes": (train, test)}, (np.asarray([0, 1, 2, 0]), test_labels))["codes"]
    assert_reasons(section, ("nearest_neighbours",), "k must be >= 1 and <= 4")
    assert section["clustering_accuracy"]["value"] is not None
    assert len(labels) == 4


def test_large_sets_are_cut_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures_module, "MOST_EXAMPLES", 60)
    (train, labels), (test, test_labels) = images(0, 100), images(1, 80)
    section = representation_document({"codes": (train, test)}, (labels, test_labels))["codes"]["linear_probe"]
    assert (section["num_examples"], section["num_train_examples"]) == (60, 60)
    assert section["value"] > 0.5  # codes and classes belong together as before


def test_disentanglement_holds_every_score() -> None:
    factors = every_combination(10)
    codes = factors @ np.random.default_rng(1).normal(size=(3, 4)) + 0.1 * noise(len(factors), 4)
    document = disentanglement_document(codes, factors, NAMES, seed=5)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    scores = dci(codes, factors, seed=5)
    assert estimates(document, FACTORS) == [
        mutual_information_gap(codes, factors),
        separated_attribute_predictability(codes, factors, seed=5),
        Estimate(scores.disentanglement, None),
        Estimate(scores.completeness, None),
        scores.informativeness,
        factor_vae_score(codes, factors, seed=5),
        modularity(codes, factors),
    ]
    for name in FACTORS:
        assert (document[name]["num_examples"], document[name]["num_codes"], document[name]["seed"]) == (600, 4, 5)
    np.testing.assert_allclose(document["dci_informativeness"]["chance"], np.mean(1 / np.asarray(VALUES)))


def test_the_factors_of_the_shapes_are_perfect_codes_of_themselves() -> None:
    """On a random tenth of all combinations: the gap and SAP lose what chance tells a second code of a factor."""
    shapes = load("shapes")
    factors = shapes.test.factors
    assert factors is not None
    document = disentanglement_document(np.sinh(factors / 8)[:, ::-1], factors, shapes.factor_names)
    assert document["factors"] == ["shape", "scale", "angle", "position_x", "position_y"]
    for name in ("dci_disentanglement", "dci_completeness", "dci_informativeness", "factor_vae_score", "modularity"):
        np.testing.assert_allclose(document[name]["value"], 1.0, atol=1e-9)
    assert 0.95 < document["mutual_information_gap"]["value"] < 1
    sap, most = document["separated_attribute_predictability"], 1 - np.mean(1 / np.asarray([3, 4, 8, 16, 16]))
    assert most - 6 * sap["standard_error"] < sap["value"] < most + 1e-12


def test_disentanglement_without_factors() -> None:
    assert_reasons(disentanglement_document(noise(20), None, ()), FACTORS, "`data='shapes'`")
    assert_reasons(disentanglement_document(noise(20), np.zeros((20, 2)), ("a", "b")), FACTORS, "no factor varies")
    assert_reasons(disentanglement_document(noise(60), every_combination(1), ("a",)), FACTORS, "shape (60, 1)")
    assert_reasons(disentanglement_document(noise(60) * math.inf, every_combination(1), NAMES), FACTORS, "finite")


def test_one_factor_or_one_code_leaves_the_other_scores() -> None:
    factors = every_combination(10)
    document = disentanglement_document(factors * 1.0, factors * [1, 0, 0], NAMES)
    assert document["factors"] == ["shape"]
    assert_reasons(document, ("dci_disentanglement", "factor_vae_score", "modularity"), "two factors or more")
    np.testing.assert_allclose(document["mutual_information_gap"]["value"], 1.0)
    document = disentanglement_document(factors[:, :1], factors, NAMES)
    assert_reasons(document, ("dci_completeness",), "two codes or more")
    assert document["dci_disentanglement"]["value"] < 1e-6  # the one code is all that there is for each factor
