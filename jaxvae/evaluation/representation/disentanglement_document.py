"""The section `disentanglement` of `evaluation.json`: how codes match the factors behind the data."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from jaxvae.errors import UserError
from jaxvae.evaluation.figures import Estimate, measured
from jaxvae.evaluation.representation.dci import dci
from jaxvae.evaluation.representation.factor_vae_score import EXAMPLES_PER_VOTE, NUM_VOTES, factor_vae_score
from jaxvae.evaluation.representation.figures import SCORE, SHARE, chosen_examples, without_values
from jaxvae.evaluation.representation.histograms import NUM_BINS
from jaxvae.evaluation.representation.inputs import as_codes
from jaxvae.evaluation.representation.modularity import modularity, ridgeway_mozer_modularity
from jaxvae.evaluation.representation.mutual_information_gap import mutual_information_gap
from jaxvae.evaluation.representation.separated_attribute_predictability import (
    linear_separated_attribute_predictability,
    separated_attribute_predictability,
)

_FORESTS = "random forests on one half of the examples"
_ESTIMATORS = {
    "mutual_information_gap": f"Chen et al. 2018; histograms of {NUM_BINS} bins of equal width a code",
    "separated_attribute_predictability": "Kumar et al. 2018; balanced accuracy of thresholds that are fitted to "
    "one half of the examples, on the other",
    "dci_disentanglement": f"Eastwood and Williams 2018; importances in {_FORESTS}",
    "dci_completeness": f"Eastwood and Williams 2018; importances in {_FORESTS}",
    "dci_informativeness": f"Eastwood and Williams 2018; accuracy of {_FORESTS}, on the other",
    "factor_vae_score": f"Kim and Mnih 2018; majority of {NUM_VOTES} votes of {EXAMPLES_PER_VOTE} examples, on as many "
    "others",
    "modularity": f"Ridgeway and Mozer 2018; histograms of {NUM_BINS} bins of equal width a code, without pairs "
    "that a χ² test does not tell from independent ones (at 0.001), and without codes that depend on no factor",
    "linear_separated_attribute_predictability": "Kumar et al. 2018; accuracy of linear support vector machines as in "
    "Locatello et al. 2019, fitted to one half of the examples, on the other",
    "ridgeway_mozer_modularity": f"Ridgeway and Mozer 2018; histograms of {NUM_BINS} bins of equal width a code, all "
    "pairs and codes, as in Locatello et al. 2019",
}


def disentanglement_document(
    codes: ArrayLike, factors: ArrayLike | None, names: Sequence[str], *, seed: int = 0
) -> dict[str, Any]:
    """Every score of disentanglement, as JSON, on at most 10,000 examples.

    Factors of a single value are left out, and `factors` lists the others; standard errors are over examples (votes),
    and None for the scores of importances, which have no term for each example.

    Args:
        codes: `[N, D]`, posterior means for instance.
        factors: numbers of their values, `[N, F]`, or None if they are not known.
        names: of the factors, F.
        seed: of the choice of examples, of halves, forests and votes.

    Returns:
        `factors`, and figures by name: `mutual_information_gap`, `separated_attribute_predictability`,
        `dci_disentanglement`, `dci_completeness`, `dci_informativeness` (with `chance`, its value for codes without
        information), `factor_vae_score`, `modularity`, and for comparison with published figures
        `linear_separated_attribute_predictability` and `ridgeway_mozer_modularity`; a missing figure has value None and
        a reason.

    Example:
        >>> factors = np.indices((3, 4, 5)).reshape(3, -1).T
        >>> document = disentanglement_document(factors, factors, ("shape", "scale", "angle"))
        >>> document["factors"], round(document["mutual_information_gap"]["value"], 6)
        (['shape', 'scale', 'angle'], 1.0)
    """
    try:
        values, known, varying = _chosen(codes, factors, names, seed)
    except UserError as problem:
        return {"factors": [], **without_values(_ESTIMATORS, problem)}
    forests = functools.cache(lambda: dci(values, known, seed=seed))
    computed: dict[str, tuple[str, Callable[[], Estimate]]] = {
        "mutual_information_gap": (SCORE, lambda: mutual_information_gap(values, known)),
        "separated_attribute_predictability": (
            SCORE,
            lambda: separated_attribute_predictability(values, known, seed=seed),
        ),
        "dci_disentanglement": (SCORE, lambda: Estimate(forests().disentanglement, None)),
        "dci_completeness": (SCORE, lambda: Estimate(forests().completeness, None)),
        "dci_informativeness": (SHARE, lambda: forests().informativeness),
        "factor_vae_score": (SHARE, lambda: factor_vae_score(values, known, seed=seed)),
        "modularity": (SCORE, lambda: modularity(values, known)),
        "linear_separated_attribute_predictability": (
            SCORE,
            lambda: linear_separated_attribute_predictability(values, known, seed=seed),
        ),
        "ridgeway_mozer_modularity": (SCORE, lambda: ridgeway_mozer_modularity(values, known)),
    }
    details = {"num_examples": len(values), "num_codes": values.shape[1], "seed": seed}
    figures = {
        name: measured(compute, unit, _ESTIMATORS[name], **details) for name, (unit, compute) in computed.items()
    }
    figures["dci_informativeness"]["chance"] = _share_of_commonest(known)
    return {"factors": varying, **figures}


def _chosen(
    codes: ArrayLike, factors: ArrayLike | None, names: Sequence[str], seed: int
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The codes and factors that are scored, without factors that do not vary, and the names of the others."""
    if factors is None:
        raise UserError("the factors behind the data are not known: take a data set that has them, `data='shapes'`")
    values, known = as_codes(codes), np.asarray(factors)
    if known.shape != (len(values), len(names)):
        raise UserError(
            f"factors must have shape ({len(values)}, {len(names)}), a row for each code and a column for each name, "
            f"got {known.shape}; give them so"
        )
    rows = chosen_examples(len(values), seed)
    known = known[rows]
    varying = np.flatnonzero(np.ptp(known, axis=0) > 0).tolist()
    if len(varying) == 0:
        raise UserError(f"no factor varies in {len(rows)} examples: give examples that differ in one")
    return values[rows], known[:, varying], [names[column] for column in varying]


def _share_of_commonest(factors: np.ndarray) -> float:
    """The accuracy of always predicting the commonest value, mean over factors."""
    return float(np.mean([np.unique(factor, return_counts=True)[1].max() / len(factor) for factor in factors.T]))
