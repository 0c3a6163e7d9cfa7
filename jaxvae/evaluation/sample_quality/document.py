"""The section `sample_quality` of `evaluation.json`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jaxvae.errors import UserError
from jaxvae.evaluation.figures import Estimate, attempt, missing, spread
from jaxvae.evaluation.sample_quality.extractor import FeatureExtractor, check_images
from jaxvae.evaluation.sample_quality.frechet import frechet_distance
from jaxvae.evaluation.sample_quality.inception_score import inception_score
from jaxvae.evaluation.sample_quality.kernel import kernel_distance
from jaxvae.evaluation.sample_quality.manifold import density_coverage, precision_recall
from jaxvae.evaluation.sample_quality.memorising import (
    NeighbourLikelihood,
    nearest_neighbours,
    neighbour_log_prob,
)

Entry = dict[str, Any]
PRECISION_NEIGHBOURS, DENSITY_NEIGHBOURS = 3, 5  # Kynkäänniemi et al. 2019, section 3; Naeem et al. 2020, section 4
MOST_NEIGHBOURS = 1000  # generated and test images whose neighbours are searched
LARGEST_SUBSET = 1000  # Bińkowski et al. 2018; at most half of the samples, else its error is not well known

_BALLS = "; its error takes the balls as they are, and is too small where they are redrawn"
_ABOUT = {
    "frechet_distance": (
        "Fréchet distance",
        "squared feature units",
        "between normals with the samples' means and covariances; biased upward with few samples",
    ),
    "kernel_distance": (
        "kernel distance",
        "squared maximum mean discrepancy",
        "unbiased, kernel (x·y/d + 1)³, mean over random subsets; jackknife error, too large where both are equal",
    ),
    "precision": (
        "precision",
        "share",
        "generated samples in a ball of a real one, out to its k-th neighbour" + _BALLS,
    ),
    "recall": ("recall", "share", "real samples in a ball of a generated one, out to its k-th neighbour" + _BALLS),
    "density": ("density", "balls / k", "mean number of real balls around a generated sample, divided by k" + _BALLS),
    "coverage": (
        "coverage",
        "share",
        "real balls, out to the k-th neighbour, with a generated sample in them" + _BALLS,
    ),
    "inception_score": (
        "Inception score",
        "1 to the number of classes",
        "exp of the mean KL(p(y|x) ‖ p(y)); mean over equal parts of the generated samples",
    ),
}


def sample_quality_document(
    extractor: FeatureExtractor | UserError,
    real: np.ndarray,
    generated: np.ndarray,
    *,
    seed: int,
    train: np.ndarray | None = None,
    log_prob: Callable[[np.ndarray], np.ndarray] | None = None,
    num_subsets: int = 100,
    num_splits: int = 10,
) -> dict[str, Entry]:
    """All figures of sample quality as JSON; a missing one has its reason in one line, without effect on the others.

    Args:
        extractor: gives features and probabilities, and is named in every entry that uses them; or the reason why there
            is none.
        real: test images in [0, 1], `[n, height, width, channels]`.
        generated: `[m, height, width, channels]`.
        seed: of the subsets of the kernel distance.
        train: training images, for nearest neighbours in pixels, `[l, height, width, channels]`.
        log_prob: log p(x) of such images, `[n, height, width, channels]` to `[n]`, nats.
        num_subsets: of the kernel distance.
        num_splits: of the Inception score.
    """
    subsets = {
        "num_subsets": num_subsets,
        "subset_size": max(2, min(LARGEST_SUBSET, len(real) // 2, len(generated) // 2)),
        "seed": seed,
    }

    def known() -> FeatureExtractor:
        if isinstance(extractor, UserError):
            raise extractor
        return extractor

    def extract() -> tuple[np.ndarray, np.ndarray]:
        check_images(real=real, generated=generated)
        return known().features(real), known().features(generated)

    features = attempt(extract)
    named, about = ("", None) if isinstance(extractor, UserError) else (extractor.name, extractor.about)

    def both() -> tuple[np.ndarray, np.ndarray]:
        if isinstance(features, UserError):
            raise features
        return features

    def probabilities() -> np.ndarray:
        check_images(generated=generated)
        values = known().probabilities(generated)
        if values is None:
            raise UserError(f"{known().name} knows no classes: take an extractor that does")
        return values

    def entries(
        names: tuple[str, ...], compute: Callable[[], tuple[Estimate, ...]], settings: Entry
    ) -> dict[str, Entry]:
        """The entries of figures that are computed together."""
        found = attempt(compute)
        values = [missing(found)] * len(names) if isinstance(found, UserError) else [one._asdict() for one in found]
        document = {}
        for name, value in zip(names, values, strict=True):
            figure, unit, estimator = _ABOUT[name]
            document[name] = {
                **value,
                "unit": unit,
                "name": f"{named} {figure}",
                "estimator": estimator,
                "extractor": about,
                "num_samples": len(generated),
                "num_real": len(real),
                **settings,
            }
        return document

    return {
        **entries(
            ("frechet_distance",), lambda: (Estimate(frechet_distance(*both()), None),), _frechet_warning(features)
        ),
        **entries(("kernel_distance",), lambda: (kernel_distance(*both(), **subsets),), subsets),
        **entries(
            ("precision", "recall"),
            lambda: precision_recall(*both(), PRECISION_NEIGHBOURS),
            {"k": PRECISION_NEIGHBOURS},
        ),
        **entries(
            ("density", "coverage"),
            lambda: density_coverage(*both(), DENSITY_NEIGHBOURS),
            {"k": DENSITY_NEIGHBOURS},
        ),
        **entries(
            ("inception_score",), lambda: (inception_score(probabilities(), num_splits),), {"num_splits": num_splits}
        ),
        **_neighbour_entries(spread(real, MOST_NEIGHBOURS), generated[:MOST_NEIGHBOURS], train, log_prob),
    }


def _neighbour_entries(
    real: np.ndarray,
    generated: np.ndarray,
    train: np.ndarray | None,
    log_prob: Callable[[np.ndarray], np.ndarray] | None,
) -> dict[str, Entry]:
    def entry(found: Any, unit: str, estimator: str) -> Entry:
        about = {"unit": unit, "estimator": estimator, "num_samples": len(generated), "num_real": len(real)}
        if isinstance(found, UserError):
            return missing(found) | about
        difference: Estimate = found.difference
        sides = {name: one._asdict() for name, one in found._asdict().items() if name != "difference"}
        return {**difference._asdict(), **sides, **about}

    def training() -> np.ndarray:
        if train is None:
            raise UserError("needs training images, got none: give them")
        check_images(real=real, generated=generated, training=train)
        return train

    def likelihood() -> NeighbourLikelihood:
        images = training()
        if log_prob is None:
            raise UserError("needs log p(x) of images, got none: take a model that has a density")
        return neighbour_log_prob(log_prob, generated, images, real)

    return {
        "nearest_neighbour_distance": entry(
            attempt(lambda: nearest_neighbours(generated, training(), real).distance),
            "Euclidean distance of pixels in [0, 1]",
            "to the nearest training image, mean of generated minus mean of test images; far below 0: copies",
        ),
        "nearest_neighbour_log_likelihood": entry(
            attempt(likelihood),
            "nats",
            "log p(x) of generated images' nearest training images minus that of their nearest test images, as many of "
            "both; far above 0: memorised",
        ),
    }


def _frechet_warning(features: tuple[np.ndarray, np.ndarray] | UserError) -> Entry:
    """A warning if a covariance must be singular."""
    if isinstance(features, UserError):
        return {}
    samples, size = min(map(len, features)), features[0].shape[1]
    if samples > size:
        return {}
    return {"warning": f"{samples} samples for {size} features: a covariance is singular, the bias large"}
