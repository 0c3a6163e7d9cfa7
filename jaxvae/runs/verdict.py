"""What is wrong with a whole run, in one line, and the one change that is most likely to help."""

import math
from typing import Any

import numpy as np

from jaxvae.evaluation.figures import spread
from jaxvae.runs.remedies import against_collapse, below_another_family, below_own_start, first, slower
from jaxvae.runs.setup import Setup
from jaxvae.training import TrainState

_FAR = 10.0  # times the size of a baseline [nats]: so far below it only diverged training ends
_COMPARED = 1000  # training examples, to see whether they differ


def verdict(document: dict[str, Any], setup: Setup, state: TrainState) -> str | None:
    """One line for a run that ends collapsed, or worse than a trivial model; None for any other.

    Args:
        document: `evaluation.json`.
        setup: what was trained.
        state: the best state.
    """
    elbo, error = (document.get("elbo", {}).get(name) for name in ("value", "standard_error"))
    if elbo is not None and not math.isfinite(elbo):
        return f"the ELBO is {elbo}, which is not finite. Try {slower(setup)}"
    free = document.get("baseline", {})
    own = document.get("family_baseline", free)  # if the free one is not a member of the likelihood's family
    if elbo is not None and own.get("value") is not None and elbo < own["value"] - _FAR * (1.0 + abs(own["value"])):
        return (
            f"diverged: ELBO {elbo:.4g} nats, and {own['value']:.2f} of {own['model']}, which ignores z. "
            f"Try {slower(setup)}"
        )
    diagnostics = document.get("diagnostics", {})
    if diagnostics.get("ignores_latents", {}).get("value"):
        if _is_one_value(setup):
            return "collapsed: the training examples are all alike, so z has no information on them. Check the data"
        units, information = diagnostics["active_units"], diagnostics["mutual_information"]["value"]
        return (
            f"collapsed: the decoder ignores z. I(x; z) = {information:.3f} nats, {units['value']} of {units['of']} "
            f"units active. Try {first(against_collapse(setup, state))}"
        )
    if elbo is None:
        return _of_reconstructions(document.get("reconstruction_distortion", {}).get("value"), own, setup, state)
    log_marginal = document.get("log_marginal", {}).get("value")  # bounds of many samples may leave the ELBO low
    best = elbo + (error or 0.0) if log_marginal is None else max(elbo + (error or 0.0), log_marginal)
    for entry, remedies in ((own, below_own_start), (free, below_another_family)):
        if entry.get("value") is not None and best < entry["value"]:
            return (
                f"below the baseline: ELBO {elbo:.2f} nats, and {entry['value']:.2f} of {entry['model']}, which "
                f"ignores z. Try {first(remedies(setup, state))}"
            )
    return None


def _of_reconstructions(distortion: float | None, own: dict[str, Any], setup: Setup, state: TrainState) -> str | None:
    """For an objective without a density, whose reconstructions must at least beat a model that ignores x."""
    if distortion is None or own.get("value") is None or (math.isfinite(distortion) and -distortion >= own["value"]):
        return None
    return (
        f"below the baseline: reconstructions have {-distortion:.4g} nats, and {own['model']}, which ignores z, "
        f"{own['value']:.2f}. Try {first(below_own_start(setup, state))}"
    )


def _is_one_value(setup: Setup) -> bool:
    """Whether all of some training examples are the same."""
    few = np.asarray(spread(setup.dataset.train.values, _COMPARED))
    return bool(np.all(few == few[:1]))
