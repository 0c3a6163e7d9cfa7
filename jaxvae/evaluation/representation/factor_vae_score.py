"""FactorVAE score: whether a fixed factor fixes one code."""

import numpy as np
from numpy.typing import ArrayLike

from jaxvae.checks import check_range
from jaxvae.errors import UserError
from jaxvae.evaluation.figures import Estimate
from jaxvae.evaluation.representation.inputs import as_codes, as_factors

NUM_VOTES = 800  # for the table, and as many for the score
EXAMPLES_PER_VOTE = 100


def factor_vae_score(codes: ArrayLike, factors: ArrayLike, *, seed: int = 0, smallest_share: float = 1e-3) -> Estimate:
    """The score of Kim and Mnih 2018, section 4: accuracy of a majority vote.

    A vote draws a factor, one example, and 100 examples (with replacement) that share its value of the factor. It votes
    for the code with the least variance among them, relative to its variance in all examples. Each code predicts the
    factor from which most of its votes came. 800 votes make this table, and 800 others are scored. The score is 1 for
    perfect codes, about 1/F (a little more) for codes without information, and 0 if no code varies.

    Args:
        codes: `[N, D]`, posterior means for instance.
        factors: numbers of their values, `[N, F]`; each value in two examples or more.
        seed: of the votes.
        smallest_share: codes with at most this share of the largest variance are left out, since the model does not use
            their latent. A common scale of all codes does not matter.

    Returns:
        The share of votes whose factor is predicted, with its binomial standard error.

    Raises:
        UserError: if sizes do not match, codes are not finite, a factor does not vary or there is only one, or a value
            occurs in a single example.

    Example:
        >>> factors = np.indices((3, 4, 5)).reshape(3, -1).T
        >>> factor_vae_score(factors, factors).value
        1.0
    """
    array = as_codes(codes)
    values = as_factors(factors, len(array))
    check_range(factor_vae_score, at_least=0.0, below=1.0, smallest_share=smallest_share)
    if values.shape[1] < 2:
        raise UserError("the FactorVAE score needs two factors or more that vary, got one; add the others")
    rarest = min(int(np.bincount(column).min()) for column in values.T)
    if rarest < 2:
        raise UserError("the FactorVAE score needs each value of a factor in two examples or more; give more examples")
    variances = array.var(axis=0)
    active = array[:, variances > smallest_share * variances.max()]
    if active.shape[1] == 0:
        return Estimate(0.0, None)
    scaled = active / active.std(axis=0)
    rng = np.random.default_rng(seed)
    sharing = [[np.flatnonzero(column == value) for value in range(column.max() + 1)] for column in values.T]

    def votes() -> tuple[np.ndarray, np.ndarray]:
        fixed = rng.integers(values.shape[1], size=NUM_VOTES)
        shared = values[rng.integers(len(array), size=NUM_VOTES), fixed]
        rows = np.stack(
            [rng.choice(sharing[factor][value], EXAMPLES_PER_VOTE) for factor, value in zip(fixed, shared, strict=True)]
        )
        return np.argmin(scaled[rows].var(axis=1), axis=1), fixed  # [votes] of codes, [votes] of factors

    table = np.zeros((active.shape[1], values.shape[1]), np.int64)
    np.add.at(table, votes(), 1)
    code, factor = votes()
    return Estimate.of(np.argmax(table, axis=1)[code] == factor)
