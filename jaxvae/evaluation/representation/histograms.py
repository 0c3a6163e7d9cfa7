"""Histograms of codes and factors: mutual information, and the error of any figure of such counts."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from jaxvae.checks import check_choice
from jaxvae.evaluation.figures import Estimate

NUM_BINS = 20  # Locatello et al. 2019, appendix C; Ridgeway and Mozer 2018 use as many
_MOST_GROUPS = 20  # of examples, left out in turn
Bins = Literal["equal_width", "equal_mass"]


def bin_codes(codes: np.ndarray, bins: Bins = "equal_width") -> np.ndarray:
    """The bin of each code in its dimension, from 0 to 19, `[N, D]`.

    `equal_width`: between the smallest and the largest code, as in published results. `equal_mass`: by the rank among
    the N codes, where equal codes share their mean rank; no increasing map of a code changes its bins.

    >>> bin_codes(np.array([[0.0], [0.5], [1.0], [100.0]])).T.tolist()
    [[0, 0, 0, 19]]
    >>> bin_codes(np.array([[0.0], [0.5], [1.0], [100.0]]), "equal_mass").T.tolist()
    [[2, 7, 12, 17]]
    """
    check_choice(bin_codes, ("equal_width", "equal_mass"), bins=bins)
    if bins == "equal_mass":
        from scipy.stats import rankdata

        shares = (rankdata(codes, axis=0) - 0.5) / len(codes)
    else:
        least, width = codes.min(axis=0), np.ptp(codes, axis=0)
        shares = (codes - least) / np.where(width == 0, 1.0, width)
    return np.minimum((NUM_BINS * shares).astype(np.int64), NUM_BINS - 1)


def joint_counts(binned: np.ndarray, factors: np.ndarray) -> list[np.ndarray]:
    """For each factor, how often each bin of each code occurs with each value, `[groups, D, bins, values]`.

    The groups are equal random parts of the examples: their sum counts all of them.
    """
    group = np.random.default_rng(0).permutation(len(binned)) % min(_MOST_GROUPS, len(binned))
    dimension = np.arange(binned.shape[1])
    tables = []
    for factor in factors.T:
        table = np.zeros((group.max() + 1, len(dimension), NUM_BINS, factor.max() + 1))
        np.add.at(table, (group[:, None], dimension, binned, factor[:, None]), 1)
        tables.append(table)
    return tables


def entropy(counts: np.ndarray, axis: int | tuple[int, ...] = -1) -> np.ndarray:
    """−Σ p log p of the shares of counts along `axis`, nats.

    >>> round(float(np.exp(entropy(np.array([3, 3, 0, 3])))), 6)
    3.0
    """
    from scipy.special import entr

    return np.sum(entr(counts / np.sum(counts, axis=axis, keepdims=True)), axis=axis)


def code_information(counts: np.ndarray) -> np.ndarray:
    """I(bin; value) = H(bin) + H(value) − H(bin, value) of counts `[..., bins, values]`, nats.

    Below 1e-12 it is set to 0, since that is rounding of bins without information.
    """
    information = entropy(counts.sum(-1)) + entropy(counts.sum(-2)) - entropy(counts, axis=(-2, -1))
    return np.where(information < 1e-12, 0.0, information)


def jackknife(figure: Callable[[list[np.ndarray]], float], tables: list[np.ndarray]) -> Estimate:
    """A figure of the counts of all examples, and its standard error by leaving out each group of examples in turn.

    √((G − 1) / G Σ_g (figure without g − their mean)²): Efron and Tibshirani 1993, chapter 11. It shows how far other
    examples would move the figure, but not another training of the model. It is too large if two codes or factors are
    tied for the most information.

    Args:
        figure: function of the tables, one `[D, bins, values]` for each factor.
        tables: from `joint_counts`.
    """
    totals = [table.sum(axis=0) for table in tables]
    groups = len(tables[0])
    without = [figure([total - table[g] for total, table in zip(totals, tables, strict=True)]) for g in range(groups)]
    return Estimate(float(figure(totals)), float(np.sqrt((groups - 1) * np.var(without))))
