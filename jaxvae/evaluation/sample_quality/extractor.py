"""Features of images, in which the figures of sample quality are measured."""

from collections.abc import Callable
from typing import Any, Protocol

import jax.numpy as jnp
import numpy as np

from jaxvae.errors import UserError
from jaxvae.typing import Array


class FeatureExtractor(Protocol):
    """Maps images to vectors in which near means similar, and perhaps to the probabilities of classes."""

    @property
    def name(self) -> str:
        """The name before every figure: `classifier`, `Inception-v3`."""
        ...

    @property
    def about(self) -> str:
        """One line on its origin and its quality."""
        ...

    def features(self, images: np.ndarray) -> np.ndarray:
        """`[n, height, width, channels]` in [0, 1] to `[n, d]`."""
        ...

    def probabilities(self, images: np.ndarray) -> np.ndarray | None:
        """`[n, height, width, channels]` in [0, 1] to `[n, classes]`; None if it knows no classes."""
        ...


def check_images(**images: np.ndarray) -> None:
    """Check that each argument is images, one or more, with numbers in [0, 1].

    Raises:
        UserError: naming the argument, and its values.
    """
    for name, values in images.items():
        if values.ndim != 4 or not np.issubdtype(values.dtype, np.floating):
            raise UserError(
                f"{name} images must be floats [n, height, width, channels], got {values.dtype} {values.shape}: "
                "divide grey levels by the largest"
            )
        if len(values) == 0:
            raise UserError(f"{name} images must be one or more, got none: give more (`num_generated` in a run)")
        # NaN fails a comparison
        if not (values.min() >= 0.0 and values.max() <= 1.0):
            raise UserError(
                f"{name} images must lie in [0, 1], got numbers from {values.min():g} to {values.max():g}: "
                "divide grey levels by the largest, and clip what a model draws"
            )


def check_features(owner: Callable[..., Any], at_least: int, **features: np.ndarray) -> list[np.ndarray]:
    """Check that the arguments are features, and return them as float64.

    Args:
        owner: named in messages.
        at_least: the rows that each must have.
        features: `[n, d]` each, all with the same d.

    Raises:
        UserError: for another shape, too few rows, or numbers that are not finite.
    """
    arrays = {name: np.asarray(values, np.float64) for name, values in features.items()}
    shapes = ", ".join(f"{name} {values.shape}" for name, values in arrays.items())
    if any(values.ndim != 2 for values in arrays.values()) or len({values.shape[1] for values in arrays.values()}) > 1:
        raise UserError(f"{owner.__name__} takes features [n, d] of one d, got {shapes}: flatten the other axes")
    for name, values in arrays.items():
        if len(values) < at_least:
            raise UserError(
                f"{owner.__name__} needs {at_least} {name} samples or more, got {len(values)}: give more "
                f"(`num_generated` in a run)"
            )
        if not np.all(np.isfinite(values)):
            raise UserError(f"{owner.__name__} needs finite features, got NaN or infinity among {name}: leave them out")
    return list(arrays.values())


def in_chunks(function: Callable[[Array], Array], images: np.ndarray, size: int) -> np.ndarray:
    """`function` of `size` images at a time; the last ones are padded, so that one program is enough.

    >>> in_chunks(lambda x: 2.0 * x.sum(axis=(1, 2, 3)), np.ones((5, 2, 3, 1), np.float32), 2).tolist()
    [12.0, 12.0, 12.0, 12.0, 12.0]
    """
    results = []
    for start in range(0, len(images), size):
        rows = np.minimum(np.arange(start, start + size), len(images) - 1)
        results.append(np.asarray(function(jnp.asarray(images[rows], jnp.float32)))[: len(images) - start])
    return np.concatenate(results)
