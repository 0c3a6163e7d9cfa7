"""The classifier learns digits, and its figures know real from generated."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.data import load
from jaxvae.data.dataset import Split
from jaxvae.evaluation.sample_quality import Classifier, frechet_distance, inception_score, train_classifier
from jaxvae.evaluation.sample_quality.classifier import NUM_FEATURES
from tests.data.conftest import shared_data  # noqa: F401

IMAGES = np.random.default_rng(0).uniform(size=(12, 3, 5, 2)).astype(np.float32)


def unit(split: Split, maximum: int | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Images in [0, 1], and labels."""
    return split.values.astype(np.float32) / (maximum or 1), split.labels


@pytest.mark.slow
def test_it_learns_digits() -> None:
    """Features are what stands before the last layer: its weights make them the probabilities."""
    digits = load("digits")
    images, labels = unit(digits.test, digits.maximum)
    classifier = train_classifier(*unit(digits.train, digits.maximum), images, labels, steps=250)
    assert classifier.test_accuracy.value >= 0.95
    probabilities, features = classifier.probabilities(images), classifier.features(images)
    assert probabilities.shape == (180, 10)
    assert features.shape == (180, NUM_FEATURES)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert np.mean(classifier.classes[probabilities.argmax(axis=1)] == labels) == classifier.test_accuracy.value
    layer = dict(jax.tree_util.tree_leaves_with_path(classifier.params["head"]))
    weights = {path[-1].key: np.asarray(leaf) for path, leaf in layer.items()}  # type: ignore[union-attr]
    logits = features @ weights["kernel"] + weights["bias"]
    np.testing.assert_array_equal(logits.argmax(axis=1), probabilities.argmax(axis=1))
    noise = np.random.default_rng(1).uniform(size=images.shape).astype(np.float32)
    train = classifier.features(unit(digits.validation, digits.maximum)[0])
    assert frechet_distance(features, train) < 0.3 * frechet_distance(features, classifier.features(noise))
    assert inception_score(probabilities, 2).value > 8
    assert "trained on 1437 images of 10 classes (seed 0), test accuracy 0.9" in classifier.about
    assert "fid" not in f"{classifier.name} {classifier.about}".lower()


def small(seed: int) -> Classifier:
    labels = np.tile([7, -1, 4], 4)
    return train_classifier(IMAGES, labels, IMAGES[:5], labels[:5], seed=seed, steps=2, batch_size=5)


@pytest.mark.slow
def test_it_is_a_function_of_its_seed_and_keeps_the_labels() -> None:
    first, again, other = small(1), small(1), small(2)
    assert first.classes.tolist() == [-1, 4, 7]
    for one, same, differs in zip(*(jax.tree.leaves(some.params) for some in (first, again, other)), strict=True):
        np.testing.assert_array_equal(one, same)
        assert one.ndim == 1 or np.any(one != differs)


def test_bad_input() -> None:
    labels = np.arange(12)
    with pytest.raises(jv.UserError, match=r"needs a label for each image, got none: .* take `inception=FILE`"):
        train_classifier(IMAGES, None, IMAGES, labels)
    with pytest.raises(jv.UserError, match=r"test labels must have shape \(12,\), one for each image, got \(5,\)"):
        train_classifier(IMAGES, labels, IMAGES, labels[:5])
    with pytest.raises(jv.UserError, match=r"labels of two classes or more, got 1"):
        train_classifier(IMAGES, 0 * labels, IMAGES, labels)
    with pytest.raises(jv.UserError, match=r"training images must be floats.*got uint8 \(12, 3, 5, 2\)"):
        train_classifier((255 * IMAGES).astype(np.uint8), labels, IMAGES, labels)
    with pytest.raises(jv.UserError, match=r"test images must lie in \[0, 1\], got numbers from nan to nan"):
        train_classifier(IMAGES, labels, np.nan * IMAGES, labels)


LEARN_MNIST = """
import gzip, sys
from pathlib import Path
import numpy as np
from jaxvae.evaluation.sample_quality import train_classifier

def read(name, header):
    return np.frombuffer(gzip.decompress((Path(sys.argv[1]) / name).read_bytes()), np.uint8, offset=header)

def split(name):
    images = read(f"{name}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1) / np.float32(255)
    return images, read(f"{name}-labels-idx1-ubyte.gz", 8).astype(int)

images, labels = split("train")
print(len(images), train_classifier(images, labels, *split("t10k")).test_accuracy.value)
"""


@pytest.mark.slow
def test_it_learns_mnist(shared_data: Path) -> None:  # noqa: F811
    """98.5 % of 10,000, in a process without the tests' flags, whose programs are not optimised."""
    environment = {**os.environ, "XLA_FLAGS": ""}
    command = [sys.executable, "-c", LEARN_MNIST, str(shared_data / "mnist")]
    output = subprocess.check_output(command, text=True, env=environment)
    count, accuracy = output.split()
    assert int(count) == 60_000
    assert float(accuracy) >= 0.985
