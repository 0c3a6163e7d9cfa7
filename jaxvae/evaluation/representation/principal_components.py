"""Principal components: linear codes, to compare with those of a model."""

import numpy as np
from numpy.typing import ArrayLike

from jaxvae.checks import check_range
from jaxvae.evaluation.representation.figures import MOST_EXAMPLES, chosen_examples
from jaxvae.evaluation.representation.inputs import as_codes

_SEED = 0


def pca_codes(train: ArrayLike, test: ArrayLike, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes by the first principal components of at most 10,000 training examples, not whitened: Pearson 1901.

    Args:
        train: examples, `[N, ...]`, which are flattened.
        test: examples, `[M, ...]`.
        dim: components, as many as the model has latents.

    Returns:
        Codes of the training and of the test examples, `[N, dim]` and `[M, dim]`.

    Raises:
        UserError: if `dim` exceeds the number of examples or of dimensions.

    Example:
        >>> line = np.linspace(0, 1, 5)[:, None] * [3.0, 4.0]
        >>> [abs(round(float(code), 3)) for code in pca_codes(line, line, 1)[1][:, 0]]
        [2.5, 1.25, 0.0, 1.25, 2.5]
    """
    from sklearn.decomposition import PCA

    examples = as_codes(train)
    check_range(pca_codes, at_least=1, at_most=min(*examples.shape, MOST_EXAMPLES), dim=dim)
    # random in the choice of examples, and in the random projections for data of many dimensions
    fitted = PCA(dim, random_state=_SEED).fit(examples[chosen_examples(len(examples), _SEED)])
    return fitted.transform(examples), fitted.transform(as_codes(test))
