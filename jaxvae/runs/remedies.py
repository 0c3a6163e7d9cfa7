"""The one change that is most likely to mend a run, as the option that makes it."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from jaxvae.likelihoods import AutoregressiveBernoulli, Categorical, Laplace, Likelihood
from jaxvae.objectives import Constant, MinimumRate
from jaxvae.runs.setup import Setup
from jaxvae.training import Optimizer, TrainState

_LOUD = 0.3  # gain of a last layer: from here on, decoders drowned the code at the start
_NEARLY_ALL = 0.9  # share of the epochs: a later best epoch means that training had not ended
_SHORT = 0.5  # share of the default epochs: with fewer, resting scores may still rise


def first(remedies: Iterator[str]) -> str:
    """The first remedy that the run has not had already."""
    return next(remedies, "another likelihood, or larger networks")


def against_collapse(setup: Setup, state: TrainState) -> Iterator[str]:
    """The known causes that this run has, the likeliest first, as the option that removes each."""
    model, objective = setup.training.model, setup.training.objective
    has_rate = isinstance(objective, MinimumRate)
    if isinstance(model.likelihood, AutoregressiveBernoulli) and not has_rate:
        yield "`objective=MinimumRate()`"  # the likelihood describes x without z: only a rate helps
    if _scale(model.likelihood) == "fixed":
        yield "`likelihood.scale='decoded'`"
    if getattr(_innermost(getattr(model, "decoder", None)), "output_gain", 0.0) >= _LOUD:
        yield "`decoder.output_gain=0.1`"
    if _number(objective, "beta") > 1.0:
        yield "`objective.beta=1`"
    if not _has_ended(setup, state):
        yield _longer(setup)
    if isinstance(getattr(objective, "schedule", None), Constant):
        yield "`objective.schedule=Linear()`"
    if not has_rate:
        yield "`objective=MinimumRate()`"


def below_own_start(setup: Setup, state: TrainState) -> Iterator[str]:
    """For a run that ends below its own start."""
    if _number(setup.training.objective, "beta") > 1.0:
        yield "`objective.beta=1`"
    if not _has_ended(setup, state):
        yield _longer(setup)
    yield slower(setup)


def below_another_family(setup: Setup, state: TrainState) -> Iterator[str]:
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
    yield slower(setup)


def _longer(setup: Setup) -> str:
    return f"`epochs={3 * _epochs(setup)}`"


def slower(setup: Setup) -> str:
    """The default rate if the current one is above it, else less than a third of it."""
    optimizer, default = setup.training.updates, Optimizer.learning_rate
    if optimizer.is_own:
        return "a lower learning rate in your optimizer"
    rate = float(optimizer.learning_rate)
    return f"`learning_rate={default if rate > default else 0.3 * rate:.1g}`"


def _innermost(network: Any) -> Any:
    """The network inside wrappers such as `Bfloat16`."""
    inner = getattr(network, "network", None)
    return network if inner is None else _innermost(inner)


def _epochs(setup: Setup) -> int:
    return setup.training.for_examples(len(setup.dataset.train.values)).epochs or 1


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
