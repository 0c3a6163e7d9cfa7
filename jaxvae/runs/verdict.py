"""What is wrong with a whole run, in one line, and the one change that is most likely to help."""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from jaxvae.evaluation.figures import spread
from jaxvae.likelihoods import AutoregressiveBernoulli, Categorical, Laplace, Likelihood
from jaxvae.networks import Network
from jaxvae.objectives import Constant, MinimumRate
from jaxvae.runs.setup import Setup
from jaxvae.training import Optimizer, TrainState

_LOUD = 0.3  # gain of a last layer: from here on, decoders drowned the code at the start
_NEARLY_ALL = 0.9  # share of the epochs: a later best epoch means that training had not ended
_SHORT = 0.5  # share of the default epochs: with fewer, resting scores may still rise
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
        return f"the ELBO is {elbo}, which is not finite. Try {_slower(setup)}"
    free = document.get("baseline", {})
    own = document.get("family_baseline", free)  # if the free one is not a member of the likelihood's family
    if elbo is not None and own.get("value") is not None and elbo < own["value"] - _FAR * (1.0 + abs(own["value"])):
        return (
            f"diverged: ELBO {elbo:.4g} nats, and {own['value']:.2f} of {own['model']}, which ignores z. "
            f"Try {_slower(setup)}"
        )
    diagnostics = document.get("diagnostics", {})
    if diagnostics.get("ignores_latents", {}).get("value"):
        if _is_one_value(setup):
            return "collapsed: the training examples are all alike, so z has no information on them. Check the data"
        units, information = diagnostics["active_units"], diagnostics["mutual_information"]["value"]
        return (
            f"collapsed: the decoder ignores z. I(x; z) = {information:.3f} nats, {units['value']} of {units['of']} "
            f"units active. Try {_first(_against_collapse(setup, state))}"
        )
    if elbo is None:
        return _of_reconstructions(document.get("reconstruction_distortion", {}).get("value"), own, setup, state)
    for entry, remedies in ((own, _below_own_start), (free, _below_another_family)):
        if entry.get("value") is not None and elbo + (error or 0.0) < entry["value"]:
            return (
                f"below the baseline: ELBO {elbo:.2f} nats, and {entry['value']:.2f} of {entry['model']}, which "
                f"ignores z. Try {_first(remedies(setup, state))}"
            )
    return None


def _of_reconstructions(distortion: float | None, own: dict[str, Any], setup: Setup, state: TrainState) -> str | None:
    """For an objective without a density, whose reconstructions must at least beat a model that ignores x."""
    if distortion is None or own.get("value") is None or (math.isfinite(distortion) and -distortion >= own["value"]):
        return None
    return (
        f"below the baseline: reconstructions have {-distortion:.4g} nats, and {own['model']}, which ignores z, "
        f"{own['value']:.2f}. Try {_first(_below_own_start(setup, state))}"
    )


def _first(remedies: Iterator[str]) -> str:
    """The first remedy that the run has not had already."""
    return next(remedies, "another likelihood, or larger networks")


def _against_collapse(setup: Setup, state: TrainState) -> Iterator[str]:
    """The known causes that this run has, the likeliest first, as the option that removes each."""
    model, objective = setup.training.model, setup.training.objective
    has_rate = isinstance(objective, MinimumRate)
    if isinstance(model.likelihood, AutoregressiveBernoulli) and not has_rate:
        yield "`objective=MinimumRate()`"  # the likelihood describes x without z: only a rate helps
    if _scale(model.likelihood) == "fixed":
        yield "`likelihood.scale='decoded'`"
    if getattr(_innermost(model.decoder), "output_gain", 0.0) >= _LOUD:
        yield "`decoder.output_gain=0.1`"
    if _number(objective, "beta") > 1.0:
        yield "`objective.beta=1`"
    if not _has_ended(setup, state):
        yield _longer(setup)
    if isinstance(getattr(objective, "schedule", None), Constant):
        yield "`objective.schedule=Linear()`"
    if not has_rate:
        yield "`objective=MinimumRate()`"


def _below_own_start(setup: Setup, state: TrainState) -> Iterator[str]:
    """For a run that ends below its own start."""
    if _number(setup.training.objective, "beta") > 1.0:
        yield "`objective.beta=1`"
    if not _has_ended(setup, state):
        yield _longer(setup)
    yield _slower(setup)


def _below_another_family(setup: Setup, state: TrainState) -> Iterator[str]:
    """For a run that is better than its start, and worse than a trivial model of another family."""
    likelihood = setup.training.model.likelihood
    if not _has_ended(setup, state):
        yield _longer(setup)
    levels = likelihood.support.num_levels
    if levels is not None:  # the shares of the levels are not a member of the family
        if not isinstance(likelihood, Categorical):
            yield f"`likelihood=Categorical(num_levels={levels})`"
    elif _scale(likelihood) not in ("", "decoded"):
        yield "`likelihood.scale='decoded'`"
    elif not isinstance(likelihood, Laplace):
        yield "`likelihood=Laplace()`"
    yield _slower(setup)


def _longer(setup: Setup) -> str:
    return f"`epochs={3 * _epochs(setup)}`"


def _slower(setup: Setup) -> str:
    """The default rate if the current one is above it, else less than a third of it."""
    rate, default = float(setup.training.optimizer.learning_rate), Optimizer.learning_rate
    return f"`learning_rate={default if rate > default else 0.3 * rate:.1g}`"


def _is_one_value(setup: Setup) -> bool:
    """Whether all of some training examples are the same."""
    few = np.asarray(spread(setup.dataset.train.images, _COMPARED))
    return bool(np.all(few == few[:1]))


def _innermost(network: Network) -> Network:
    """The network inside wrappers such as `Bfloat16`."""
    inner = getattr(network, "network", None)
    return network if inner is None else _innermost(inner)


def _epochs(setup: Setup) -> int:
    return setup.training.for_examples(len(setup.dataset.train.images)).epochs or 1


def _has_ended(setup: Setup, state: TrainState) -> bool:
    """Whether validation scores had stopped rising before the last epochs of a run that is not short."""
    by_default = setup._replace(training=dataclasses.replace(setup.training, epochs=None))
    is_short = _epochs(setup) < _SHORT * _epochs(by_default)
    return not is_short and int(state.epoch) < _NEARLY_ALL * _epochs(setup)


def _number(component: object, name: str) -> float:
    value = getattr(component, name, 0.0)
    return float(value) if isinstance(value, (int, float)) else 0.0


def _scale(likelihood: Likelihood) -> str:
    """The kind of scale, if the likelihood has one."""
    scale = getattr(likelihood, "scale", "")
    return scale if isinstance(scale, str) else "fixed"
