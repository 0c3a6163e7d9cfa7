"""The Inception score."""

import numpy as np

from jaxvae.checks import check_range
from jaxvae.errors import UserError
from jaxvae.evaluation.figures import Estimate


def inception_score(probabilities: np.ndarray, num_splits: int = 10) -> Estimate:
    """How certain a classifier is of each sample, and how evenly its classes occur: 1 to the number of classes.

    exp(1/n Σ_i KL(p(y|x_i) ‖ p(y))),  p(y) = 1/n Σ_i p(y|x_i)

    The mean and its standard error over equal parts of the samples, in their order (papers write the standard
    deviation); a part of n samples scores at most n. Salimans et al. 2016, section 4.

    Args:
        probabilities: p(y|x_i) of generated samples, `[n, classes]`.
        num_splits: parts.

    Raises:
        UserError: for fewer samples than parts, or rows that are not probabilities.

    Example:
        >>> inception_score(np.eye(4), num_splits=1)
        Estimate(value=4.0, standard_error=None)
    """
    check_range(inception_score, at_least=1, num_splits=num_splits)
    values = np.asarray(probabilities, np.float64)
    if values.ndim != 2 or len(values) < num_splits:
        raise UserError(
            f"inception_score needs probabilities [n, classes] of {num_splits} samples or more, one for each part, "
            f"got shape {values.shape}: give more (`num_generated` in a run)"
        )
    if not (np.all(values >= 0.0) and np.allclose(values.sum(axis=1), 1.0, atol=1e-3)):
        raise UserError("inception_score needs rows >= 0 that sum to 1, got others: put logits through a softmax")
    return Estimate.of(np.array([_score(part) for part in np.array_split(values, num_splits)]))


def _score(probabilities: np.ndarray) -> float:
    marginal = probabilities.mean(axis=0)
    possible = probabilities > 0.0  # 0 log 0 = 0
    ratios = np.divide(probabilities, marginal, out=np.ones_like(probabilities), where=possible)
    return float(np.exp(np.mean(np.sum(probabilities * np.log(ratios), axis=1))))
