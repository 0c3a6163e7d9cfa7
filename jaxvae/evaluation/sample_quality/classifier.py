"""A small convolutional classifier, trained on a data set's own labels: features without a foreign network."""

import math
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxvae.checks import check_range
from jaxvae.errors import UserError
from jaxvae.evaluation.figures import Estimate
from jaxvae.evaluation.sample_quality.extractor import check_images, in_chunks
from jaxvae.networks import MLP, Conv
from jaxvae.typing import Array, Params

CHANNELS = (32, 64)  # after each halving of the image; fewer where it is smaller than 3 × 3
NUM_FEATURES = 128
PEAK_LEARNING_RATE = 2e-3
_IMAGES_AT_ONCE = 500


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained classifier as a feature extractor: the `NUM_FEATURES` inputs of its last layer.

    A Fréchet distance over it is the classifier Fréchet distance of its data set. Compare it only between models of one
    data set and one classifier.
    """

    params: Params
    classes: np.ndarray
    """The labels, in the order of the probabilities, `[classes]`."""
    num_train: int
    """Number of its training images."""
    test_accuracy: Estimate
    """Share of test images with the correct label."""
    seed: int

    @property
    def name(self) -> str:
        """The name before every figure: `classifier`."""
        return "classifier"

    @property
    def about(self) -> str:
        """Its training set and its accuracy."""
        return (
            f"convolutional classifier, penultimate layer, trained on {self.num_train} images of {len(self.classes)} "
            f"classes (seed {self.seed}), test accuracy {self.test_accuracy.value:.4f}"
        )

    @cached_property
    def _compiled(self) -> dict[str, jax.stages.Wrapped]:
        num_classes = len(self.classes)
        return {
            "features": jax.jit(jax.vmap(_features, (None, 0))),
            "probabilities": jax.jit(
                lambda params, x: jax.nn.softmax(jax.vmap(_logits, (None, 0, None))(params, x, num_classes))
            ),
        }

    def _apply(self, name: str, images: np.ndarray) -> np.ndarray:
        check_images(classifier=images)
        return in_chunks(lambda x: self._compiled[name](self.params, x), images, _IMAGES_AT_ONCE)

    def features(self, images: np.ndarray) -> np.ndarray:
        """`[n, height, width, channels]` in [0, 1] to `[n, NUM_FEATURES]`."""
        return self._apply("features", images)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """`[n, height, width, channels]` in [0, 1] to `[n, classes]`."""
        return self._apply("probabilities", images)


def train_classifier(
    images: np.ndarray,
    labels: np.ndarray | None,
    test_images: np.ndarray,
    test_labels: np.ndarray | None,
    *,
    seed: int = 0,
    steps: int = 1500,
    batch_size: int = 128,
) -> Classifier:
    """Train a classifier: two convolutions 4 × 4 of stride 2, a dense layer of features, a linear layer to the classes.

    Cross-entropy by Adam with a learning rate that falls from 0.002 to 0 along a cosine; `Conv` is fast on a CPU.

    Args:
        images: training images in [0, 1], `[n, height, width, channels]`.
        labels: their classes, whole numbers, `[n]`.
        test_images: for the accuracy, `[m, height, width, channels]`.
        test_labels: `[m]`.
        seed: of the first parameters and the order of images.
        steps: of the optimiser; 1,500 are 3.2 epochs of 60,000 images.
        batch_size: images a step.

    Raises:
        UserError: if labels are missing, not as many as images, or all of one class, and for images that `check_images`
            refuses.
    """
    check_range(train_classifier, at_least=1, steps=steps, batch_size=batch_size)
    check_images(training=images, test=test_images)
    if labels is None or test_labels is None:
        raise UserError("train_classifier needs a label for each image, got none: give them, or take `inception=FILE`")
    for name, some, theirs in (("training", images, labels), ("test", test_images, test_labels)):
        if theirs.shape != (len(some),):
            raise UserError(f"{name} labels must have shape ({len(some)},), one for each image, got {theirs.shape}")
    classes, targets = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise UserError(f"train_classifier needs labels of two classes or more, got {len(classes)}: check the labels")
    params = _fit(images, targets, len(classes), seed, steps, batch_size)
    untested = Classifier(params, classes, len(images), Estimate(math.nan, None), seed)
    guesses = classes[untested.probabilities(test_images).argmax(axis=1)]
    return Classifier(params, classes, len(images), Estimate.of(guesses == test_labels), seed)


def _body(x: Array) -> Conv:
    return Conv(CHANNELS[: (max(x.shape[:2]) - 1).bit_length()])


def _features(params: Params, x: Array) -> Array:
    return jax.nn.silu(_body(x).apply(params["body"], x, (NUM_FEATURES,)))


def _logits(params: Params, x: Array, num_classes: int) -> Array:
    return MLP(()).apply(params["head"], _features(params, x), (num_classes,))


def _fit(images: np.ndarray, targets: np.ndarray, num_classes: int, seed: int, steps: int, batch_size: int) -> Params:
    example, features = jnp.zeros(images.shape[1:], jnp.float32), jnp.zeros(NUM_FEATURES, jnp.float32)
    body_key, head_key = jax.random.split(jax.random.key(seed))
    params = {
        "body": jax.jit(lambda key: _body(example).init(key, example, (NUM_FEATURES,)))(body_key),
        "head": jax.jit(lambda key: MLP(()).init(key, features, (num_classes,)))(head_key),
    }
    optimizer = optax.adam(optax.cosine_decay_schedule(PEAK_LEARNING_RATE, steps))

    def loss(params: Params, x: Array, target: Array) -> Array:
        logits = jax.vmap(_logits, (None, 0, None))(params, x, num_classes)
        return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, target))

    @jax.jit
    def step(params: Params, state: optax.OptState, x: Array, target: Array) -> tuple[Params, optax.OptState]:
        gradient = jax.grad(loss)(params, x, target)
        with jax.numpy_dtype_promotion("standard"):  # Optax raises decays to integer counts
            update, state = optimizer.update(gradient, state)
        return jax.tree.map(jnp.add, params, update), state

    rng = np.random.default_rng(seed)
    state, size = jax.jit(optimizer.init)(params), min(batch_size, len(images))
    order, start = rng.permutation(len(images)), 0
    for _ in range(steps):
        if start + size > len(order):
            order, start = rng.permutation(len(images)), 0
        rows = order[start : start + size]
        start += size
        params, state = step(params, state, images[rows].astype(np.float32), targets[rows].astype(np.int32))
    return params
